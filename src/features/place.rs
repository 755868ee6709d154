//! Where a file lies, in a dozen words: what tells behaviours apart is who may write there, not the folder's name.
use regex::Regex;
use std::sync::LazyLock;

/// Kinds of places with their patterns on the lower-cased path, `/` as `\`; the first that fits counts.
const PLACES: [(&str, &str); 15] = [
    ("temp", r"\\te?mp\\|\\temporary internet files\\|\\inetcache\\|\\rarsfx\d*\\|%te?mp%"),
    ("public", r"\\users\\public\\|\\perflogs\\|\\\$recycle\.bin\\|\\recycler\\"),
    ("downloads", r"\\users\\[^\\]+\\(?:downloads|desktop|documents|pictures|music|videos)\\"),
    ("appdata-installed", r"\\appdata\\local\\(?:microsoft|google|programs|zoom)\\|\\appdata\\roaming\\zoom\\"),
    ("appdata", r"\\appdata\\|%appdata%|%localappdata%|\\application data\\|\\startup\\"),
    ("profile", r"\\users\\"),
    (
        "winwritable",
        r"^.:\\windows\\(?:tasks|fonts|debug|tracing|help|addins|media|system32\\tasks|system32\\spool\\drivers\\color)\\",
    ),
    (
        "system",
        r"^(?:.:\\windows\\|\\systemroot\\|%systemroot%\\|%windir%\\)(?:system32|syswow64|sysnative|winsxs|servicing)\\",
    ),
    ("windows", r"^(?:.:\\windows\\|\\systemroot\\)"),
    ("programs", r"^.:\\program files(?: \(x86\))?\\"),
    ("programdata-vendor", r"^.:\\programdata\\(?:microsoft|package cache)\\"),
    ("programdata", r"^.:\\programdata\\|%programdata%"),
    ("share", r"^\\\\[^.?]"),
    ("pipe", r"^\\\\[.?]\\|\\device\\"),
    ("other", r"^.:\\"),
];

static PATTERNS: LazyLock<Vec<(&str, Regex)>> =
    LazyLock::new(|| PLACES.iter().filter_map(|(name, pattern)| Some((*name, Regex::new(pattern).ok()?))).collect());

/// Other ways to write the drive: of the object manager, and without a limit to its length.
static PREFIX: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:\\\?\?\\|\\\\\?\\)[a-z]:\\|^(?:\\\\\?)?\\device\\harddiskvolume\d+\\").ok());

/// The kind of place: `none` without a path, `bare` for a name alone.
pub fn of(path: &str) -> &'static str {
    let path = path.to_lowercase().replace('/', "\\");
    let path = PREFIX.as_ref().map_or(path.as_str().into(), |prefix| prefix.replace(&path, "c:\\"));
    let found = PATTERNS.iter().find(|(_, pattern)| pattern.is_match(&path)).map(|(name, _)| *name);
    found.unwrap_or(if path.is_empty() { "none" } else { "bare" })
}

/// Whether ordinary users, or whoever runs in their name, can write there.
pub fn is_writable(place: &str) -> bool {
    matches!(
        place,
        "temp" | "public" | "downloads" | "appdata" | "profile" | "winwritable" | "programdata" | "share" | "other"
    )
}

/// Whether software lies there that needs no administrator to be installed: whoever is signed in can put it there.
pub fn is_personal(place: &str) -> bool {
    matches!(place, "appdata-installed" | "programdata-vendor")
}

/// Whether only Windows and installers write there.
pub fn is_trusted(place: &str) -> bool {
    matches!(place, "system" | "windows" | "programs")
}

/// The place in words.
pub fn words(place: &str) -> &'static str {
    match place {
        "temp" => "a temporary folder",
        "public" => "a folder that everybody can write to",
        "downloads" => "a person's own folder",
        "appdata-installed" => "software installed for one person",
        "appdata" => "a person's application data",
        "profile" => "a person's profile",
        "winwritable" => "a folder of Windows that users can write to",
        "system" => "Windows' system folder",
        "windows" => "Windows' folder",
        "programs" => "installed software",
        "programdata-vendor" => "a vendor's data folder",
        "programdata" => "the data folder of all programs",
        "share" => "a network share",
        "pipe" => "a device or pipe",
        "other" => "an unusual folder",
        "bare" => "no folder",
        _ => "an unknown place",
    }
}
