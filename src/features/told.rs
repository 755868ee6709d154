//! Features in words: what a voter weighed, as an analyst reads it.
use super::{find, place, role};

/// A feature in words; nothing for those that only count others.
pub fn told(feature: &str) -> Option<String> {
    if let Some((family, name)) = feature.split_once('.')
        && let Some(words) = find::words(family, name)
    {
        return Some(words.to_owned());
    }
    if let Some(words) = mark(feature) {
        return Some(words.to_owned());
    }
    if let Some(kind) = feature.strip_prefix("path:") {
        return Some(format!("its command line names a file in {}", place::words(kind)));
    }
    if let Some(kind) = feature.strip_prefix("ext:") {
        return Some(format!("its command line names a file of the kind: {kind}"));
    }
    let (name, value) = feature.split_once('=')?;
    Some(match name {
        "level" => format!("the rule's level is {value}"),
        "image.place" => format!("it runs from {}", place::words(value)),
        "image.role" => format!("it is {}", role::words(value)),
        "parent.place" => format!("its parent runs from {}", place::words(value)),
        "parent.role" => format!("its parent is {}", role::words(value)),
        "pair" => {
            let (parent, child) = value.split_once('>')?;
            format!("{} started {}", role::words(parent), role::words(child))
        }
        "file.place" => format!("the file lies in {}", place::words(value)),
        "file.ext" => format!("the file's ending is that of: {value}"),
        "file.by" => format!("{} wrote the file", writer(value)),
        "reg.by" => format!("{} wrote the key", writer(value)),
        "target.role" => format!("it reaches into {}", role::words(value)),
        "target.place" => format!("it reaches into a program from {}", place::words(value)),
        _ => return None,
    })
}

fn mark(feature: &str) -> Option<&'static str> {
    Some(match feature {
        "image.writable" => "it runs from a folder that users can write to",
        "image.displaced" => "a program of Windows outside its folder",
        "parent.writable" => "its parent runs from a folder that users can write to",
        "parent.displaced" => "its parent is a program of Windows outside its folder",
        "parent.same" => "it started itself again",
        "parent.odd" => "its parent has no reason to start programs",
        "parent.quiet>shell" => "software in a trusted folder started a shell",
        "cmd.bare" => "it was started without arguments",
        "file.insystem" => "the file lies in Windows' system folder",
        "regval.empty" => "the value is empty",
        "quiet" => "nothing odd was found",
        "bad=0" => "no suspicious find",
        "bad=1" => "one suspicious find",
        "bad=2" => "two suspicious finds",
        "bad=3" | "bad=4" => "several suspicious finds",
        "odd=0" => "nothing odd about places and parents",
        "odd=1" => "one odd place or parent",
        "odd=2" | "odd=3" => "several odd places or parents",
        _ => return None,
    })
}

fn writer(value: &str) -> &'static str {
    match value {
        "tool" => "a shell or system tool",
        "writable" => "a program from a folder that users can write to",
        "system" => "Windows",
        _ => "software",
    }
}
