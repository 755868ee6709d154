//! A build without sign-in by OpenID Connect says so where the settings want it.
use fusionsoc::config::Config;

#[test]
fn settings_of_a_provider_are_refused() {
    let text = "[oidc]\nissuer = \"https://id.example\"\nclient_id = \"soc\"\n";
    let error = Config::from_text(text).unwrap_err().to_string();
    assert!(error.starts_with("oidc: ") && error.contains("--features oidc") && error.lines().count() == 1, "{error}");
}
