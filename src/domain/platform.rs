//! LimaCharlie's platform and architecture numbers in words.

/// The platform's name. Endpoint codes carry a minor version in their low bits, so those are masked.
pub fn platform(code: i64) -> &'static str {
    match code & 0xF000_0000 {
        0x1000_0000 => "Windows",
        0x2000_0000 => "Linux",
        0x3000_0000 => "macOS",
        0x4000_0000 => "iOS",
        0x5000_0000 => "Android",
        0x6000_0000 => "ChromeOS",
        0x7000_0000 => "VPN",
        0x8000_0000 => "Text log",
        0x9000_0000 => "JSON log",
        0xA000_0000 => "Google Cloud",
        0xB000_0000 => "AWS",
        0xC000_0000 => "Carbon Black",
        0xD000_0000 => "1Password",
        0xE000_0000 => "Office 365",
        0xF000_0000 => "Sophos",
        _ => minor(code & 0xFF00_0000),
    }
}

fn minor(code: i64) -> &'static str {
    match code >> 24 {
        0x01 => "CrowdStrike",
        0x03 => "Windows event log",
        0x04 => "Microsoft Defender",
        0x06 => "Okta",
        0x07 => "SentinelOne",
        0x08 => "GitHub",
        0x09 => "Slack",
        0x0A => "CEF log",
        0x0C => "Azure AD",
        0x0F => "GuardDuty",
        0x1A => "E-mail",
        _ => "Unknown platform",
    }
}

/// The architecture's name.
pub const fn architecture(code: i64) -> &'static str {
    match code {
        1 => "x86",
        2 => "x64",
        3 => "ARM",
        4 => "ARM64",
        5 => "Alpine x64",
        6 => "Chrome",
        7 => "WireGuard",
        8 => "ARM (little endian)",
        9 => "adapter",
        _ => "unknown architecture",
    }
}
