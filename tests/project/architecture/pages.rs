//! What a browser is given: templates and assets that a strict content security policy can hold.
use crate::architecture::text::{Text, line_of, texts, words};

const TEMPLATES: &[&str] = &[".html", ".svg", ".txt", ".xml"];

#[test]
fn only_rendered_markdown_goes_unescaped_into_a_page() {
    let mut found = Vec::new();
    for file in texts("templates", TEMPLATES) {
        for at in words(&file.body, "safe") {
            let before = file.body[..at].trim_end();
            let filter = before.strip_suffix('|').map(str::trim_end);
            if filter.is_some_and(|value| !value.ends_with(".html()")) {
                found.push(format!("{}:{}: |safe", file.path, line_of(&file.body, at)));
            }
        }
    }
    crate::architecture::none(&found, "only the markdown module's `.html()` may be marked safe");
}

#[test]
fn templates_hold_no_inline_script_or_style() {
    let mut found = Vec::new();
    for file in texts("templates", TEMPLATES) {
        for (at, tag) in tags(&file.body) {
            if let Some(offence) = inline(tag) {
                found.push(format!("{}:{}: {offence}", file.path, line_of(&file.body, at)));
            }
        }
        for (at, _) in file.body.match_indices("javascript:") {
            found.push(format!("{}:{}: javascript:", file.path, line_of(&file.body, at)));
        }
    }
    crate::architecture::none(&found, "the content security policy allows nothing inline");
}

/// What in an opening tag would run or style something by itself.
fn inline(tag: &str) -> Option<String> {
    if tag.starts_with("<style") || (tag.starts_with("<script") && !tag.contains(" src=")) {
        return Some(tag.split_whitespace().next().unwrap_or(tag).to_owned());
    }
    attributes(tag).find(|name| *name == "style" || (name.starts_with("on") && name.len() > 2)).map(str::to_owned)
}

#[test]
fn templates_load_nothing_from_elsewhere() {
    const LOADING: &[&str] =
        &["src", "srcset", "href", "xlink:href", "action", "formaction", "data", "poster", "background"];
    let mut found = Vec::new();
    for file in texts("templates", TEMPLATES) {
        for (at, tag) in tags(&file.body) {
            let is_link = tag.starts_with("<a ") || tag.starts_with("<a\n");
            let loads = LOADING
                .iter()
                .filter(|name| !(is_link && **name == "href"))
                .any(|name| ["http://", "https://", "//"].iter().any(|url| tag.contains(&format!(" {name}=\"{url}"))));
            if loads || tag.contains("url(http") {
                found.push(format!("{}:{}: {}", file.path, line_of(&file.body, at), tag.replace('\n', " ")));
            }
        }
    }
    crate::architecture::none(&found, "pages are served whole by the product");
}

#[test]
fn static_holds_only_our_own_readable_assets() {
    let mut found = Vec::new();
    for file in texts("static", &[""]) {
        if !["css", "js", "svg"].contains(&file.extension()) {
            found.push(format!("{}: neither css, js nor svg", file.path));
        }
        if file.path.contains(".min.") || file.body.lines().any(|line| line.len() > 2000) {
            found.push(format!("{}: minified", file.path));
        }
        let plain = uncommented(&file).replace("http://www.w3.org/", "");
        for url in ["http://", "https://"] {
            let lines = plain.match_indices(url).map(|(at, _)| line_of(&plain, at));
            found.extend(lines.map(|line| format!("{}:{line}: {url}", file.path)));
        }
    }
    crate::architecture::none(&found, "static/ holds small files of our own that call nobody");
}

/// Comments taken out, lines kept.
fn uncommented(file: &Text) -> String {
    let (open, close) = if file.extension() == "svg" { ("<!--", "-->") } else { ("/*", "*/") };
    let mut kept = String::new();
    let mut rest = file.body.as_str();
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        let (comment, after) = after.split_once(close).unwrap_or((after, ""));
        kept.push_str(&"\n".repeat(comment.matches('\n').count()));
        rest = after;
    }
    kept.push_str(rest);
    if file.extension() != "js" {
        return kept;
    }
    let code = |line: &str| match line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':')) {
        Some((at, _)) => line[..at].to_owned(),
        None => line.to_owned(),
    };
    kept.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// Opening tags with their places; template expressions inside a tag may hold `>`.
fn tags(body: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in body.match_indices('<') {
        if !body[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let mut braces = 0_usize;
        let end = body[at..].char_indices().find(|(_, c)| {
            match c {
                '{' => braces += 1,
                '}' => braces = braces.saturating_sub(1),
                _ => {}
            }
            *c == '>' && braces == 0
        });
        found.push((at, &body[at..end.map_or(body.len(), |(len, _)| at + len)]));
    }
    found
}

/// Names of the attributes of an opening tag.
fn attributes(tag: &str) -> impl Iterator<Item = &str> {
    tag.match_indices('=').filter_map(|(at, _)| {
        let name = tag[..at].rsplit(|c: char| c.is_whitespace() || c == '"' || c == '}').next()?;
        (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || "-:".contains(c))).then_some(name)
    })
}
