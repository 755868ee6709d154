//! Notes and models' words as HTML: what is shown of them, and that no text of theirs takes long.
use fusionsoc::web::markdown::{model, note, plain};

const LONGEST: usize = 64 * 1024;

/// What is repeated to the length of a note.
#[rustfmt::skip]
const PARTS: &[&str] = &[ ">", "> ", "- ", "1. ", "1) - ", "* ", "[", "![", "![a](", "[](", "[a](<b", "[a]: b\n", "[a]:\n", "*", "**a ", "*a **a ", "_a __a ", "`", "`a`", "`` ` ", "|a", "|a|\n", "|-", "a|b\n-|-\n", "<", "<!--", "<!A ", "<?", "<![CDATA[", "<a ", "<a x=\"' ", "<b>", "<pre>\n", "<div>\n\n", "<http://a> ", "&", "&#", "\"", "\\", "\u{1}", "\u{202e}", "\n", "a\n\n", "a\n", "# a\n", "- a\n", "```\n", "    a\n", "***a*** ", ">>>>>>>a\n\n", ];

/// What somebody may write to hold up those who read it, 64 KiB of each.
fn hostile() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        PARTS.iter().map(|part| ((*part).to_owned(), part.repeat(LONGEST / part.len()))).collect();
    let half = LONGEST / 2;
    let deep = (0..250).map(|depth| " ".repeat(2 * depth) + "- a\n").collect::<String>();
    let links: String =
        (0..3_000).map(|n| format!("[{n}]: b\n")).chain((0..3_000).map(|n| format!("[{n}] "))).collect();
    let table = format!("{}\n{}\n{}", "|a".repeat(5_000), "|-".repeat(5_000), "|\n".repeat(20_000));
    all.extend([
        ("a wide table with many rows".to_owned(), table),
        ("a deep list".to_owned(), deep),
        ("items, then empty lines".to_owned(), format!("{}\n{}", "- ".repeat(half / 2), "\n".repeat(half - 1))),
        ("many definitions".to_owned(), links),
        (
            "a long definition".to_owned(),
            format!("[a]: http://x/{}\n\n{}", "b".repeat(half), "[a]".repeat(half / 3 - 10)),
        ),
        ("growing ticks".to_owned(), (1..360).map(|n| "`".repeat(n) + " ").collect()),
        ("nested brackets".to_owned(), format!("{}{}", "[".repeat(half), "]".repeat(half))),
    ]);
    all
}

/// The tags of HTML in all, and the most within each other.
fn tags(html: &str) -> (usize, usize) {
    let (mut all, mut depth, mut most) = (0, 0_usize, 0);
    for (at, _) in html.match_indices('<') {
        all += 1;
        let rest = &html[at..];
        if rest.starts_with("</") {
            depth -= 1;
        } else if !rest.starts_with("<br>") && !rest.starts_with("<hr>") {
            depth += 1;
            most = most.max(depth);
        }
    }
    (all, most)
}

#[test]
fn no_text_makes_much_work() {
    for (name, text) in hostile() {
        assert!(text.len() <= LONGEST + 8, "{name:?}: the server takes no longer one");
        for html in [note(&text), model(&text, &[])] {
            let (all, depth) = tags(html.html());
            let escaped = html.html().matches('&').count();
            let typed = html.html().starts_with("<pre>") && all == 2;
            assert!(depth <= 20, "{name:?}: {depth} tags within each other");
            assert!(all <= 25_000, "{name:?}: {all} tags");
            assert!(typed || escaped <= 8_000, "{name:?}: {escaped} escaped characters");
            assert!(html.html().len() <= 20 * LONGEST, "{name:?}: {} bytes", html.html().len());
        }
    }
}

#[test]
fn what_is_nested_deep_is_shown_as_it_was_typed() {
    let deep = format!("{} <b>deep</b>\nsecond line", ">".repeat(17));
    let typed = "&gt;".repeat(17) + " &lt;b&gt;deep&lt;/b&gt;\nsecond line";
    for html in [note(&deep), model(&deep, &[])] {
        assert_eq!(html.html(), format!("<pre>{typed}</pre>"));
    }
    assert!(note("> > > - quoted").html().contains("<blockquote>"), "a few levels are markdown");
    let long = "a & b\n".repeat(20_000);
    assert!(note(&long).html().starts_with("<pre>a &amp; b\na"), "so is what is long");
}

#[test]
fn nothing_hidden_stays_hidden() {
    let text = "`a\u{202e}exe.gpj` [b](https://b.example \"c\u{200b}d\") e\u{2066}f\n\n```\ng\u{202e}\n\n  h\u{1}\n```\n\n    i\u{feff}\n    j\n";
    let shown = "<p><code>a⟨U+202E⟩exe.gpj</code> <a href=\"https://b.example\" title=\"c⟨U+200B⟩d\" rel=\"noopener noreferrer nofollow\">b</a> e⟨U+2066⟩f</p>\n\
        <pre><code>g⟨U+202E⟩\n\n  h⟨U+0001⟩\n</code></pre>\n<pre><code>i⟨U+FEFF⟩\nj\n</code></pre>\n";
    assert_eq!(note(text).html(), shown);
    let said = model(text, &[]);
    assert!(said.html().contains("<code>a⟨U+202E⟩exe.gpj</code> b e⟨U+2066⟩f"), "{}", said.html());
    assert!(said.html().contains("<pre><code>g⟨U+202E⟩\n\n  h⟨U+0001⟩\n</code></pre>"), "{}", said.html());
    assert_eq!(plain("a\u{202e}b", &[]).html(), "a⟨U+202E⟩b");
}

#[test]
fn two_lists_say_what_is_allowed() {
    let text = "# Top\n\n<b onclick=x>raw</b> ![pixel](https://e.example/p.png) [a](javascript:x) [c](/logout) <https://d.example>\n\n|k|v|\n|-|-|\n|1|2|\n";
    let own = note(text).html().to_owned();
    for part in [
        "<h3>Top</h3>",
        "&lt;b onclick=x&gt;raw&lt;/b&gt;",
        " pixel ",
        "<table>",
        "<a href=\"https://d.example\" rel=\"noopener noreferrer nofollow\">",
    ] {
        assert!(own.contains(part), "{part} in {own}");
    }
    for part in ["<img", "e.example", "javascript:", "/logout", "<b ", "<b>"] {
        assert!(!own.contains(part), "{part} in {own}");
    }
    let said = model(text, &[]).html().to_owned();
    for part in ["<a", "<img", "<table", "<b ", "<b>", "e.example", "href"] {
        assert!(!said.contains(part), "{part} in {said}");
    }
    assert!(said.contains("https://d.example") && said.contains("&lt;b onclick=x&gt;raw"), "their words stay: {said}");
}
