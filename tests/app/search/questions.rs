//! What may be asked: phrases, beginnings, fields, conditions, and everything that is no syntax.
use crate::search::{at, cases, detection, page};
use crate::support::{SEED, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// What is syntax elsewhere, a question a line.
const ODD: &str = r#""
""
*
NEAR(alpha beta, 2)
AND
OR alpha
NOT
alpha AND
^alpha
alpha^
:
:alpha
words:alpha
(
)
((alpha
alpha*
*alpha
alpha + beta
{alpha beta}: x
-
--
-"
- alpha
'
alpha'
' & 'x
alpha <-> beta
!alpha
a:*
\
alpha\
o~1
h~one
~
%
_
é ñ 漢字 हिन्दी
İstanbul
-:
host:"
host:""
C:\
http://x/?a=b&c=d
alpha; DROP TABLE cases
$1
?1
{{ alpha }}
alpha "beta
"alpha""beta"
fe80::1
::1
#
#x
#1#"#;

#[tokio::test]
async fn phrases_beginnings_and_exclusions() {
    let server = spawn().await;
    server.deliver(&detection("a", "one", &json!({"COMMAND_LINE": "expand.exe -r index.cab", "OTHER": "first"}))).await;
    server
        .deliver(&detection("b", "two", &json!({"COMMAND_LINE": "exe expand expander.exe", "OTHER": "second"})))
        .await;
    let wanted: [(&str, &[i64]); 17] = [
        ("expand.exe", &[1]),
        ("exe.expand", &[2]),
        ("expand exe", &[2, 1]),
        ("\"expand exe\"", &[1]),
        ("expande", &[2]),
        ("\"expande\"", &[]),
        ("expand.ex", &[2, 1]),
        ("index.ca", &[1]),
        ("ex", &[]),
        ("EXPAND.EXE INDEX.CAB", &[1]),
        ("expand -index", &[2]),
        ("expand -\"index cab\"", &[2]),
        ("-index.cab", &[2]),
        ("-expand", &[]),
        ("cab first", &[1]),
        ("\"cab first\"", &[]),
        ("\"unfinished index", &[]),
    ];
    for (q, numbers) in wanted {
        assert_eq!(cases(&server, q).await, numbers, "{q}");
    }
}

#[tokio::test]
async fn a_field_is_searched_alone() {
    let server = spawn().await;
    server.deliver(SEED).await;
    let event =
        json!({"COMMAND_LINE": "echo desktop-4kq7m2x expand.exe system t1218 cabinet http://evil.example/ 10.9.8.7"});
    server.deliver(&detection("b", "elsewhere", &json!({"NOTHING": event["COMMAND_LINE"]}))).await;
    for (q, other) in [
        ("host:desktop-4kq7m2x", "desktop-4kq7m2x"),
        ("HOST:desktop", "desktop"),
        ("path:expand.exe", "expand.exe"),
        (r"path:C:\WINDOWS\SysWOW64", "expand.exe"),
        ("path:\"expand exe\"", "expand.exe"),
        ("user:system", "system"),
        ("user:\"NT AUTHORITY\\SYSTEM\"", "system"),
        ("rule:cabinet", "cabinet"),
        ("rule:proc_creation_win_expand", "cabinet"),
        ("technique:T1218", "t1218"),
        ("hash:dfc1709a29883", "echo"),
    ] {
        assert_eq!(cases(&server, q).await, [1], "{q}");
        assert_ne!(cases(&server, other).await, [1], "{other} stands in the other case too");
    }
    for q in ["ip:10.9.8.7", "domain:evil.example"] {
        assert_eq!(cases(&server, q).await, [2], "{q}");
    }
    assert_eq!(cases(&server, "expand.exe -host:desktop").await, [2]);
    assert_eq!(cases(&server, "ip:10.9.8").await, [2]);
    assert_eq!(cases(&server, "10.9.8.71").await, [] as [i64; 0]);
    assert_eq!(cases(&server, "host").await, [] as [i64; 0], "no word of ours is found");
}

#[tokio::test]
async fn conditions_go_with_words_and_alone() {
    let server = spawn().await;
    let later = |text: String| text.replace("1773901779334", "1774000000000");
    server.deliver(&detection("a", "one", &json!({"COMMAND_LINE": "common alpha"}))).await;
    server.deliver(&later(detection("b", "two", &json!({"COMMAND_LINE": "common beta"})))).await;
    let closing = json!({"verdict": "false_positive", "reason": "known_application", "status": "closed"}).to_string();
    let sent = crate::support::http().patch(format!("{}/api/v1/cases/1", server.url)).bearer_auth(&server.token);
    assert_eq!(sent.header("content-type", "application/json").body(closing).send().await.unwrap().status(), 200);
    for words in ["", "common "] {
        for (conditions, wanted) in [
            ("verdict:false_positive", &[1][..]),
            ("verdict:False-Positive", &[1]),
            ("-verdict:false_positive", &[2]),
            ("verdict:pending verdict:false_positive", &[2, 1]),
            ("status:closed", &[1]),
            ("status:new", &[2]),
            ("machine:none", &[2, 1]),
            ("severity:medium", &[2, 1]),
            ("severity:high", &[]),
            ("org:acme", &[2, 1]),
            ("-org:acme", &[]),
            ("before:2026-03-20", &[1]),
            ("after:2026-03-20", &[2]),
            ("after:2026-03-19T06:29:39.334Z before:2026-03-20T00:00:00Z", &[1]),
            ("after:2026-03-19T06:29:39.335Z", &[2]),
            ("status:closed severity:medium before:2026-03-20", &[1]),
        ] {
            assert_eq!(cases(&server, &format!("{words}{conditions}")).await, wanted, "{words}{conditions}");
        }
    }
    assert_eq!(cases(&server, "beta verdict:false_positive").await, [] as [i64; 0]);
}

#[tokio::test]
async fn what_is_not_understood_is_told_and_the_rest_still_runs() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(&detection("a", "one", &json!({"COMMAND_LINE": "common alpha"}))).await;
    for (q, told) in [
        ("foo:bar common", "foo: is not a prefix."),
        ("verdict:maybe common", "verdict: must be one of pending"),
        ("status:open common", "status: must be one of new"),
        ("before:yesterday common", "before: must be a day such as 2026-03-19"),
        ("after:2026-13-40 common", "after: must be a day"),
        ("-before:2026-03-20 common", "-before: a time can&#39;t be excluded"),
        ("host: common", "host: needs a value"),
        ("host:*** common", "host: *** holds no letter or digit"),
    ] {
        let page = page(&ana, q).await;
        assert!(page.contains(told), "{q}: {page}");
        assert!(page.contains("<mark>common</mark>"), "{q}: the rest still runs");
        assert!(page.contains(&format!("value=\"{}\"", q.replace('"', "&#34;"))), "{q} is kept");
        let problems = server.get(&format!("/api/v1{}", at(q))).await["problems"].clone();
        assert!(problems[0].as_str().unwrap().starts_with(&told.replace("&#39;", "'")), "{problems}");
    }
    assert!(page(&ana, "***").await.contains("There is nothing to look for"));
    assert!(page(&ana, "").await.contains("What to type"));
    assert!(page(&ana, &"x".repeat(201)).await.contains("The search text has 201 characters; at most 200 are read."));
    let reply = crate::support::http().get(format!("{}/api/v1{}", server.url, at(&"x".repeat(201))));
    assert_eq!(reply.bearer_auth(&server.token).send().await.unwrap().status(), 400);
    let chips = page(&ana, "host:one -alpha").await;
    assert!(chips.contains("href=\"/search?q=-alpha\"") && chips.contains("href=\"/search?q=host%3Aone\""), "{chips}");
}

#[tokio::test]
async fn nothing_that_is_typed_is_read_as_syntax() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    server.deliver(&detection("a", "one", &json!({"COMMAND_LINE": "near and or not alpha beta"}))).await;
    for q in ODD.lines().chain(["\u{202e}alpha", "alpha\u{2028}beta\nand\tgamma"]) {
        let (status, page) = ana.page(&at(q)).await;
        assert_eq!(status, 200, "{q}: {page}");
        let json: Value = server.get(&format!("/api/v1{}", at(q))).await;
        assert!(json["cases"].is_array(), "{q}: {json}");
    }
    for q in ["NEAR(alpha", "OR", "alpha*", "^alpha", "((alpha", "not AND", "'alpha'", "alpha;"] {
        let found = cases(&server, q).await;
        assert_eq!(found.is_empty(), q == "NEAR(alpha", "{q} is words: {found:?}");
    }
    assert_eq!(cases(&server, "o~1").await, [] as [i64; 0], "nobody asks for the words of ours");
}

#[tokio::test]
async fn words_of_any_script_are_found() {
    let server = spawn().await;
    let event = json!({"COMMAND_LINE": "Überprüfung İstanbul ПРИВЕТ 漢字テスト हिन्दी ΣΊΣΥΦΟΣ", "FILE_PATH": "C:\\Überprüfung\\ПРИВЕТ.exe"});
    server.deliver(&detection("a", "one", &event)).await;
    for q in [
        "überprüfung",
        "ÜBERPRÜF",
        "istanbul",
        "привет",
        "прив",
        "漢字テスト",
        "漢字テ",
        "हिन्दी",
        "σίσυφ",
        "path:привет",
    ] {
        assert_eq!(cases(&server, q).await, [1], "{q}");
    }
}
