//! Folds a text to what a reader makes of it: look-alikes become the letters they look like, and
//! what can't be seen is taken out and counted.
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text as three readers see it.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// In lower case, signs kept, runs of spaces as one, behind a line break.
    pub plain: String,
    /// Words alone, each between spaces; `fileNames` and `file_names` are two words.
    pub words: String,
    /// Letters and digits alone, with the digits that stand for letters taken as such.
    pub squeezed: String,
    /// Characters of the tag block, which spell a text that nobody sees.
    pub tags: usize,
    /// Characters that turn the direction of the text around.
    pub turning: usize,
    /// Characters of no width inside other text.
    pub zero_width: usize,
    /// Selectors that can carry bytes.
    pub selectors: usize,
}

/// Folds a text.
pub(super) fn fold(text: &str) -> Folded {
    let mut folded = Folded::default();
    if text.is_ascii() {
        folded.read(text); // nothing in it is hidden or looks like something else
    } else {
        let cased = folded.cased(text);
        folded.read(&cased);
    }
    folded
}

impl Folded {
    /// Takes in the text as it is seen.
    fn read(&mut self, cased: &str) {
        for view in [&mut self.plain, &mut self.words, &mut self.squeezed] {
            view.reserve(cased.len() + 2);
        }
        self.plain.push('\n');
        self.words.push(' ');
        let mut before = ' ';
        for c in cased.chars() {
            self.add(before, c);
            before = c;
        }
        self.end_word();
    }

    /// The text in its own case, without what can't be seen.
    fn cased(&mut self, text: &str) -> String {
        let mut before = ' ';
        let seen = text.chars().filter_map(|c| {
            let kept = self.seen(before, c);
            before = c;
            kept
        });
        let plain: String = seen.nfkd().filter(|c| !is_combining_mark(*c)).collect();
        plain.chars().map(look_alike).collect()
    }

    /// What is seen of a character; a tag is read as what it spells.
    fn seen(&mut self, before: char, c: char) -> Option<char> {
        match c {
            '\u{E0000}'..='\u{E007F}' => {
                self.tags += 1;
                return char::from_u32(u32::from(c) - 0xE0000).filter(|c| *c == ' ' || c.is_ascii_graphic());
            }
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => self.turning += 1,
            '\u{E0100}'..='\u{E01EF}' => self.selectors += 1,
            // Joiners belong into some scripts and into emoji.
            '\u{200C}' | '\u{200D}' if !before.is_ascii() => {}
            _ if is_hidden(c) => self.zero_width += 1,
            _ => return Some(c),
        }
        None
    }

    fn add(&mut self, before: char, c: char) {
        if before.is_lowercase() && c.is_uppercase() {
            self.end_word();
        }
        if c.is_ascii() {
            self.put(c.to_ascii_lowercase());
        } else {
            c.to_lowercase().for_each(|c| self.put(c));
        }
    }

    /// Takes in a character that is in lower case.
    fn put(&mut self, c: char) {
        if c == '\n' || !c.is_whitespace() {
            self.plain.push(c);
        } else if !matches!(self.plain.as_bytes().last(), Some(b' ' | b'\n')) {
            self.plain.push(' ');
        }
        if c.is_alphanumeric() {
            self.words.push(c);
            self.squeezed.push(squeeze(c));
        } else {
            self.end_word();
        }
    }

    fn end_word(&mut self) {
        if self.words.as_bytes().last() != Some(&b' ') {
            self.words.push(' ');
        }
    }
}

/// Whether a character has no shape of its own.
pub(super) const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Digits and letters that stand for each other in `f4lse_p0s1tive`.
pub(super) const fn squeeze(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'l' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        c => c,
    }
}

/// Letters that look like Latin ones, each followed by the one it looks like. Both cases of a
/// Cyrillic letter become the same, so that patterns in that script can be folded like a text.
const LOOK_ALIKES: &str = "аaАAвbВBеeЕEѐeёeЁEкkКKмmМMнhНHоoОOрpРPсcСCтtТTуyУYхxХXіiІIїiЇIјjЈJѕsЅSԁdһhҺHԛqԜWԝwѵvӏlӀlґrгrГrпnПnьbЬb\
    αaΑAβbΒBγyεeΕEζzΖZηnΗHιiΙIκkΚKμuΜMνvΝNοoΟOρpΡPσoςcτtΤTυuΥYχxΧXωwϲcϹCϳj\
    օoսuհhոnցgքpɑaɡgıiɩiɪiʟlɴnʀrɢgʜhʙbʏyᴀaᴄcᴅdᴇeᴊjᴋkᴍmᴏoᴘpᴛtᴜuᴠvᴡwᴢzꜰfꜱsłlŁLøoØOđdĐDħhŧtƒfþpßsℓlǀl∣|⁄/∕/";

fn look_alike(c: char) -> char {
    match c {
        c if c.is_ascii() => c,
        '\u{1F150}'..='\u{1F169}' => letter(c, 0x1F150),
        '\u{1F170}'..='\u{1F189}' => letter(c, 0x1F170),
        '\u{1F1E6}'..='\u{1F1FF}' => letter(c, 0x1F1E6),
        c if (c as u32) < 0x3000 || (c as u32) > 0xA000 => TABLE.get(&c).copied().unwrap_or(c),
        c => c,
    }
}

static TABLE: std::sync::LazyLock<std::collections::HashMap<char, char>> = std::sync::LazyLock::new(|| {
    let all: Vec<char> = LOOK_ALIKES.chars().filter(|c| !c.is_whitespace()).collect();
    all.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
});

fn letter(c: char, first: u32) -> char {
    u8::try_from(u32::from(c) - first).map_or(c, |at| char::from(b'a' + at % 26))
}
