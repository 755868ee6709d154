//! What to look for in English and in signs, and how much each weighs: 3 is enough in an event, 5 anywhere.
use super::Technique;
use super::pairs::{Class, Mark};
use Technique::{Addressed, Answer, Authority, Breakout, Files, Leak, Markup, Override, Steering, Tokens};

/// Words of a class; a star leaves the end open.
const CLASSES: &[(Class, &str)] = &[
    (
        Class::Override,
        "ignore ignores ignored ignoring disregard* forget forgets neglect* overrul* override overrides \
         overriding discard*",
    ),
    (Class::Order, "instruction* directive* guideline* prompt prompts"),
    (Class::Earlier, "previous previously prior preceding earlier above foregoing everything"),
    (
        Class::Decide,
        "mark marks marked marking classify classified classifying label labelled labeled treat treated judge \
         judged rate rated deem deemed categorize* categorise* declare declared decide decided consider \
         considered",
    ),
    (Class::Close, "close closes closed closing dismiss dismissed suppress suppressed resolve resolved"),
    (
        Class::Case,
        "alert alerts alarm alarms incident incidents detection detections ticket tickets finding findings case \
         cases",
    ),
    (Class::Harmless, "benign harmless legitimate legit innocuous routine informational"),
    (Class::Say, "answer answers reply respond output return say says conclude"),
    (Class::Verdict, "verdict verdicts"),
    (Class::Set, "set change lower reduce raise downgrade keep"),
    (Class::Confidence, "confidence"),
    (Class::Severity, "severity"),
    (Class::Low, "low informational info none"),
    (Class::Model, "ai llm llms assistant chatbot gpt chatgpt model models"),
    (Class::You, "you your"),
    (Class::Analyst, "analyst analysts soc ciso secops csirt"),
    (Class::Note, "note notes comment remark"),
    (
        Class::Approve,
        "approved approves authorised authorized whitelisted whitelist allowlisted allowlist confirmed reviewed \
         cleared vetted sanctioned",
    ),
    (Class::Pentest, "pentest pentests pentester redteam"),
    (Class::Tell, "print reveal repeat show leak dump disclose display expose output write"),
];

/// Phrases of several words in a class.
const PHRASES: &[(Class, &str)] = &[
    (Class::Override, "do not follow;don t follow;stop following;pay no attention;no longer apply"),
    (Class::Harmless, "not malicious;non malicious;no threat;not a threat;known good;known fp"),
    (Class::Verdict, "final decision;final answer"),
    (Class::Model, "language model;deep seek;qwen"),
    (Class::Analyst, "security team;blue team;incident response;it security;tier 3;tier 2;senior analyst"),
    (Class::Pentest, "penetration test;red team"),
    (Class::Secret, "system prompt;your prompt;your instructions;initial instructions;hidden instructions;the prompt"),
];

/// Phrases that weigh by themselves.
const ALONE: &[(Technique, u32, &str)] = &[
    (
        Steering,
        3,
        "false positive*;falsepositive*;true positive*;truepositive*;known fp;false alarm*;not malicious;\
         is safe;is harmless;is legitimate;is benign;is expected;as safe;as benign;whatever you decide;\
         lives depend",
    ),
    (Steering, 3, "safe to ignore;do not alert;do not report;do not escalate;must not be escalated"),
    (
        Steering,
        2,
        "needs review;risk score;can be ignored;no further action;no action required;no action needed;\
         auto close;known good;trust me;nothing to see here",
    ),
    (Steering, 1, "benign;verdict;confidence;regardless of;example 1;informational;harmless;legitimate"),
    (Override, 4, "new instruction*;follow these instructions;important instruction*;updated instructions"),
    (Override, 3, "you are now;from now on you;jailbreak*;do anything now;developer mode enabled"),
    (Override, 2, "new policy;new task;follow the instructions;developer mode"),
    (
        Authority,
        2,
        "approved by;authorised by;authorized by;signed off by;cleared by;whitelisted by;soc lead;change ticket",
    ),
    (Authority, 4, "approved by ciso;approved by the ciso;approved by it;approved by soc;approved by security"),
    (Addressed, 5, "as an ai;as a language model;as an llm;dear ai;dear model;attention ai;attention llm;hey chatgpt"),
    (
        Addressed,
        4,
        "decode and follow;decode and obey;you must answer;you must respond;you must output;you must say;\
         you must classify",
    ),
    (Addressed, 2, "language model;large language model;your answer;your response;your analysis;you must"),
    (Leak, 4, "system prompt;systemprompt;canary token"),
    (Breakout, 5, "give your json now;data lines above;end of instructions;recorded machine data;end of untrusted"),
    (
        Breakout,
        4,
        "untrusted event;untrusted data;untrusted input;untrusted content;end untrusted;begin untrusted;\
         system message;system notice;end of prompt;instructions resume",
    ),
    (Breakout, 3, "end of event;end of alert;end of context;end of log;injection flag"),
    (Answer, 2, "file is signed;virus total;virustotal;parent signed;path class;first seen here;threat intelligence"),
];

/// Verbs and what may stand between them and the rules.
const IGNORE: &str = "ignore;disregard;forget;override;break;violate";
const BETWEEN: &str = ";all ;any ;the ;your ;these ;those ;every ;all the ;all your ;all of the ;all of your ";

/// Patterns over words.
pub(super) fn words() -> Vec<(String, Mark)> {
    let mut all = Vec::new();
    for (class, words) in CLASSES {
        all.extend(words.split(' ').map(|word| (word.to_owned(), Mark::Class(*class))));
    }
    for (class, phrases) in PHRASES {
        all.extend(phrases.split(';').map(|phrase| (phrase.to_owned(), Mark::Class(*class))));
    }
    for (technique, weight, phrases) in ALONE {
        all.extend(phrases.split(';').map(|phrase| (phrase.to_owned(), Mark::Alone(*technique, *weight))));
    }
    for verb in IGNORE.split(';') {
        let nouns = ["rule", "rules", "policy", "policies"];
        let phrases =
            BETWEEN.split(';').flat_map(|between| nouns.iter().map(move |noun| format!("{verb} {between}{noun}")));
        all.extend(phrases.map(|phrase| (phrase, Mark::Alone(Override, 5))));
        // The start of an order that another field goes on with.
        all.push((format!("{verb} all 1 2"), Mark::Alone(Override, 3)));
        all.push((format!("{verb} all 1 3"), Mark::Alone(Override, 3)));
    }
    all
}

/// Fields of our answer and of our facts, by weight.
const FIELDS: &[(u32, &str)] = &[
    (
        5,
        "false_positive_reason;what_happened;evidence_malicious;evidence_benign;missing_information;\
         ioc_analysis;investigation_questions;mitre_techniques",
    ),
    (
        4,
        "risk_score;recommended_actions;\"verdict;'verdict;parent_signed;path_class;parent_path_class;\
         injection_flag;first_seen_here;file_is_signed;machine_verdict",
    ),
    (2, "verdict;\"confidence;'confidence;signed;virustotal;threat_intelligence"),
    (1, "confidence;\"severity;\"reasoning;severity"),
];

/// Signs by weight.
const SIGNS: &[(Technique, u32, &str)] = &[
    (Tokens, 5, "[inst];[/inst];<<sys>>;<</sys>>;<start_of_turn;<end_of_turn;<think>;</think>;<thinking>;</thinking>"),
    (Tokens, 5, "<|im_;<|eot;<|start;<|end;<|system;<|user;<|assistant;<|begin;<|tool;<|fim;<|channel;<|message"),
    (
        Tokens,
        5,
        "<tool_call;</tool_call;<tool_response;<function_calls;<system-reminder;<assistant>;</assistant>;\
         [tool_calls];[available_tools]",
    ),
    (Tokens, 5, "\nassistant:;\n\nhuman:;### assistant;###assistant;# assistant:;[assistant]"),
    (Tokens, 4, "<bos>;<eos>;<s>[;\\nassistant:;\\n\\nhuman:;### system;### human;### response;[end of turn]"),
    (Tokens, 3, "\nsystem:;\nhuman:;# system:;[system];<reasoning>"),
    (Tokens, 2, "\nuser:;</s>;<prompt>;</prompt>;system prompt:"),
    (
        Override,
        5,
        "### instruction;###instruction;### new instruction;<instructions>;</instructions>;<system_prompt;\
         </system_prompt",
    ),
    (Breakout, 5, "{{pfx}};{{canary}};</untrusted;<untrusted;</user_input;</event_data>\n"),
    (Breakout, 1, "</data>;</event>;\"\"\"\n;```\n"),
    (Answer, 1, "```json"),
    (Markup, 3, "<script;<iframe;onerror=;srcdoc="),
    (Markup, 2, "![;onload=;onmouseover=;onfocus="),
    (Markup, 1, "](http;](//;](data:;<svg;<img;<body;<input"),
    (Files, 2, " @/; @~/; @.; @c:\\;.gemini/; @../"),
];

/// Patterns over signs.
pub(super) fn signs() -> Vec<(&'static str, Mark)> {
    let fields = FIELDS.iter().flat_map(|(weight, names)| names.split(';').map(|name| (name, Mark::Field(*weight))));
    let signs = SIGNS
        .iter()
        .flat_map(|(technique, weight, signs)| signs.split(';').map(|sign| (sign, Mark::Alone(*technique, *weight))));
    fields.chain(signs).collect()
}

/// Patterns over letters alone: what is left of a text whose words were pulled apart or run together.
pub(super) fn squeezed() -> Vec<(String, Mark)> {
    let mut all = Vec::new();
    for verb in ["ignore", "disregard", "forget", "override"] {
        for between in ["", "all", "any", "the", "your", "allof", "allofthe", "allthe", "allyour", "these", "the"] {
            for earlier in ["", "previous", "prior", "above", "preceding", "earlier"] {
                for noun in ["instruction", "rules", "guidelines", "directives", "prompts"] {
                    all.push((format!("{verb}{between}{earlier}{noun}"), Mark::Alone(Override, 5)));
                }
            }
        }
    }
    let steering = [
        "falsepositive",
        "truepositive",
        "verdictisbenign",
        "verdictbenign",
        "markasbenign",
        "classifyasbenign",
        "thisisbenign",
    ];
    all.extend(steering.map(|text| (text.to_owned(), Mark::Alone(Steering, 3))));
    let others = [
        (Leak, 4, "systemprompt"),
        (Override, 5, "previousinstructions"),
        (Override, 5, "priorinstructions"),
        (Override, 5, "instructionsabove"),
        (Override, 4, "newinstructions"),
        (Authority, 4, "analystnote"),
        (Authority, 4, "approvedbysoc"),
        (Authority, 4, "approvedbyciso"),
        (Authority, 4, "approvedbysecurity"),
        (Addressed, 4, "asanaimodel"),
        (Addressed, 4, "asanailanguagemodel"),
        (Steering, 4, "closethiscase"),
        (Steering, 4, "closethisalert"),
        (Steering, 4, "ignorethisalert"),
    ];
    all.extend(others.map(|(technique, weight, text)| (text.to_owned(), Mark::Alone(technique, weight))));
    all
}
