//! `init`: from nothing to an installation that can be served. Each question is also a flag, so that it runs unattended.
use super::admin::OrgCommand;
use super::people::UserCommand;
use super::place::{begin, first_vault};
use super::{CliError, failed};
use crate::config::{Config, LimaCharlieConfig};
use crate::domain::Role;
use crate::limacharlie::identity::NEEDS;
use crate::secret::Keys;
use crate::store::orgs;
use clap::Args;
use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The file that is written where nobody names another one.
const FILE: &str = "fusionsoc.toml";

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// The organisation's short name, such as acme.
    #[arg(long)]
    org: Option<String>,
    /// Its name as people say it.
    #[arg(long)]
    org_name: Option<String>,
    /// The first admin's name; the password is one line on standard input.
    #[arg(long)]
    admin: Option<String>,
    /// LimaCharlie's id of the organisation; empty to go without.
    #[arg(long)]
    oid: Option<String>,
    /// The file with LimaCharlie's API key, readable by its owner alone.
    #[arg(long)]
    api_key_file: Option<PathBuf>,
    /// Models of the local Ollama that vote; may be given several times.
    #[arg(long)]
    model: Vec<String>,
    /// Where the server listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// The address that people use, such as `https://soc.example`; empty for this machine alone.
    #[arg(long, default_value = "")]
    public_url: String,
    /// Where LimaCharlie's API is.
    #[arg(long, default_value = crate::limacharlie::API_URL)]
    api_url: String,
    /// Where LimaCharlie exchanges keys.
    #[arg(long, default_value = crate::limacharlie::JWT_URL)]
    jwt_url: String,
}

/// What was answered.
struct Answers {
    org: String,
    org_name: String,
    admin: String,
    limacharlie: Option<LimaCharlieConfig>,
}

impl Init {
    /// Runs the command and writes the settings into a file. Nothing is written where an answer can't be used.
    pub async fn run(self, file: Option<PathBuf>) -> Result<ExitCode, CliError> {
        let file = file.unwrap_or_else(|| FILE.into());
        if file.exists() {
            return failed(format!("{} is there already; init does not change it", file.display()));
        }
        let answers = self.answers()?;
        if let Some(lima) = &answers.limacharlie {
            greet(lima).await?;
        }
        let text = self.settings(&answers);
        let config: Config = Config::from_text(&text)?;
        write_new(&file, &text)?;
        let set_up = set_up(&config, &answers).await;
        if set_up.is_err() {
            // A second try must not be refused because of the first.
            let _ = std::fs::remove_file(&file);
        }
        set_up?;
        println!("Wrote {}. Start it: fusionsoc serve", file.display());
        println!("Then sign in as {} at {}", answers.admin, config.public_url());
        Ok(ExitCode::SUCCESS)
    }

    fn answers(&self) -> Result<Answers, CliError> {
        let org = asked(self.org.as_deref(), "Organisation, short name", Some("main"))?;
        let org_name = asked(self.org_name.as_deref(), "Organisation, name", Some(&org))?;
        let admin = asked(self.admin.as_deref(), "First admin", Some("admin"))?;
        let oid = asked(self.oid.as_deref(), "LimaCharlie oid, empty for none", Some(""))?;
        let limacharlie = if oid.is_empty() {
            None
        } else {
            let file = self.api_key_file.as_deref().map(|file| file.display().to_string());
            let api_key_file = asked(file.as_deref(), "File with LimaCharlie's API key", None)?;
            let (api_url, jwt_url) = (self.api_url.clone(), self.jwt_url.clone());
            Some(LimaCharlieConfig { org: org.clone(), oid, api_key_file, pull_every_s: 60, api_url, jwt_url })
        };
        Ok(Answers { org, org_name, admin, limacharlie })
    }

    /// The settings file. A JSON text is a TOML text as well.
    fn settings(&self, answers: &Answers) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut text = format!(
            "# Written by fusionsoc init; `fusionsoc config example` has all settings.\n[server]\nlisten = {}\n",
            quoted(&self.listen)
        );
        // Writing to a String can't fail.
        let _ = if self.public_url.is_empty() {
            writeln!(text, "insecure_cookies = true            # for this machine alone; with public_url take it out")
        } else {
            writeln!(text, "public_url = {}", quoted(&self.public_url))
        };
        for model in &self.model {
            let name = quoted(model);
            let _ = writeln!(text, "\n[[voters]]\nname = {name}\nkind = \"ollama\"\nmodel = {name}");
        }
        if let Some(lima) = &answers.limacharlie {
            let (org, oid, file) = (quoted(&lima.org), quoted(&lima.oid), quoted(&lima.api_key_file));
            let _ = writeln!(text, "\n[[limacharlie]]\norg = {org}\noid = {oid}\napi_key_file = {file}");
            if lima.api_url != crate::limacharlie::API_URL {
                let _ = writeln!(text, "api_url = {}\njwt_url = {}", quoted(&lima.api_url), quoted(&lima.jwt_url));
            }
        }
        text
    }
}

/// The answer to a question: the flag's, else one line where somebody sits there, else the usual one.
fn asked(flag: Option<&str>, question: &str, usual: Option<&str>) -> Result<String, CliError> {
    if let Some(flag) = flag {
        return Ok(flag.trim().to_owned());
    }
    if std::io::stdin().is_terminal() {
        let hint = usual.filter(|usual| !usual.is_empty()).map(|usual| format!(" [{usual}]")).unwrap_or_default();
        eprint!("{question}{hint}: ");
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(|error| CliError::Failed(error.to_string()))?;
        if !line.trim().is_empty() {
            return Ok(line.trim().to_owned());
        }
    }
    match usual {
        Some(usual) => Ok(usual.to_owned()),
        None => failed(format!("{question}: an answer is needed")),
    }
}

/// Signs in at LimaCharlie and says what the key may do; only a key that is not accepted stops.
async fn greet(lima: &LimaCharlieConfig) -> Result<(), CliError> {
    let who = lima.client(&Keys::default())?.own_key().await.map_err(|error| CliError::Failed(error.to_string()))?;
    println!("LimaCharlie accepts the key {}.", who.name.replace(char::is_control, " "));
    for (what, wanted) in NEEDS {
        match who.lacks(wanted).as_slice() {
            [] => println!("ok    it may {what}"),
            lacking => println!("note  to {what} it needs {}", lacking.join(", ")),
        }
    }
    Ok(())
}

/// Schema, key file, organisation and admin.
async fn set_up(config: &Config, answers: &Answers) -> Result<(), CliError> {
    let store = begin(config).await?;
    first_vault(config, &store).await?;
    let oid = answers.limacharlie.as_ref().map(|lima| lima.oid.clone());
    // A try that ended at the password has made it already.
    let there = orgs::by_slug(&mut store.read().await?, &answers.org).await?.is_some();
    if !there {
        OrgCommand::Add { slug: answers.org.clone(), name: answers.org_name.clone(), oid }.run(&store).await?;
    }
    UserCommand::Add { name: answers.admin.clone(), role: Role::Admin, org: vec![answers.org.clone()] }
        .run(&store, None)
        .await?;
    Ok(())
}

fn write_new(file: &Path, text: &str) -> Result<(), CliError> {
    let open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = open.and_then(|mut open| open.write_all(text.as_bytes()).and_then(|()| open.sync_all()));
    written.map_err(|error| CliError::Failed(format!("{}: {error}", file.display())))
}
