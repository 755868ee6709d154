//! What the exit codes of the `gemini` command line mean.
use crate::voters::call::Trouble;

/// Exit codes of the tool in words; API errors exit with the HTTP status modulo 256.
/// What the question or the model is to blame for says nothing about the tool.
pub(super) fn problem(code: Option<i32>, stderr: &[u8]) -> Trouble {
    let what = match code {
        Some(41) => "it is not signed in: give its key by api_key_file or GEMINI_API_KEY",
        Some(42) => "it did not accept the input",
        Some(44) => "its sandbox failed",
        Some(52) => "its configuration is wrong",
        Some(53) => "it reached its turn limit",
        Some(55) => "it does not trust its working folder",
        Some(144) => "the API refused the request (400)",
        Some(145) => "the API did not accept the key (401)",
        Some(147) => "the API forbids it (403)",
        Some(148) => "the API does not know the model (404)",
        Some(173) => "the API's quota is used up (429)",
        Some(244) => "the API failed (500)",
        Some(247) => "the API is overloaded (503)",
        Some(_) => "it failed",
        None => "it was killed",
    };
    let last = String::from_utf8_lossy(stderr)
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .to_owned();
    let code_word = code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
    let why = format!("gemini exited with {code_word}: {what}. {}", crate::voters::cut(&last, 300));
    Trouble { server: !matches!(code, Some(42 | 148)), ..Trouble::http(why) }
}
