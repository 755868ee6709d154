//! What a program is for, by its file name: shells, documents, servers, Windows itself.

/// Programs that run what they are told.
const SHELLS: &str = "cmd.exe powershell.exe pwsh.exe wscript.exe cscript.exe mshta.exe python.exe pythonw.exe bash.exe \
    powershell_ise.exe";
/// Tools of Windows that attackers use for their own ends, as the LOLBAS project lists them, and those by which
/// people look around.
const LOLBAS: &str = "rundll32.exe regsvr32.exe certutil.exe bitsadmin.exe msbuild.exe installutil.exe regasm.exe regsvcs.exe \
    cmstp.exe wmic.exe msiexec.exe odbcconf.exe forfiles.exe pcalua.exe control.exe ftp.exe schtasks.exe \
    at.exe sc.exe reg.exe regedit.exe net.exe net1.exe netsh.exe vssadmin.exe wevtutil.exe bcdedit.exe \
    wbadmin.exe ntdsutil.exe esentutl.exe makecab.exe expand.exe extrac32.exe findstr.exe hh.exe ieexec.exe \
    mavinject.exe msdt.exe presentationhost.exe xwizard.exe psexec.exe procdump.exe whoami.exe \
    systeminfo.exe nltest.exe tasklist.exe ipconfig.exe netstat.exe quser.exe attrib.exe icacls.exe \
    takeown.exe auditpol.exe fsutil.exe dsquery.exe";
/// Programs of Windows besides, which have no business elsewhere.
const CORE: &str = "svchost.exe lsass.exe services.exe csrss.exe winlogon.exe smss.exe conhost.exe explorer.exe \
    taskhostw.exe spoolsv.exe dllhost.exe wininit.exe notepad.exe wermgr.exe werfault.exe";
/// Programs that open documents from outside.
const OFFICE: &str = "winword.exe excel.exe powerpnt.exe outlook.exe onenote.exe mspub.exe eqnedt32.exe acrord32.exe";
/// Programs that serve requests from the network.
const SERVERS: &str = "w3wp.exe httpd.exe nginx.exe sqlservr.exe tomcat9.exe java.exe wmiprvse.exe wsmprovhost.exe mmc.exe \
    umworkerprocess.exe";
/// Windows' own services and housekeeping.
const SYSTEM: &str = "services.exe svchost.exe taskhostw.exe taskhost.exe taskeng.exe smss.exe wininit.exe winlogon.exe \
    lsass.exe csrss.exe compattelrunner.exe tiworker.exe trustedinstaller.exe msmpeng.exe \
    mousocoreworker.exe";
/// Programs that start others only when somebody bends them: around account control, or after injection.
const BENT: &str = "fodhelper.exe eventvwr.exe sdclt.exe computerdefaults.exe slui.exe cmstp.exe consent.exe wsreset.exe \
    dccw.exe sysprep.exe ieinstal.exe taskmgr.exe notepad.exe calc.exe werfault.exe mspaint.exe lsass.exe \
    spoolsv.exe";
/// Browsers.
const BROWSERS: &str = "chrome.exe msedge.exe firefox.exe opera.exe iexplore.exe brave.exe";
/// Tools by which people and scripts write keys and files.
const TOOLS: &str = "reg.exe regedit.exe rundll32.exe regsvr32.exe wmic.exe schtasks.exe";

fn holds(names: &str, name: &str) -> bool {
    names.split(' ').any(|one| one == name)
}

/// The role of a file name in lower case.
pub fn of(name: &str) -> &'static str {
    let roles = [
        (SHELLS, "shell"),
        (OFFICE, "office"),
        (SERVERS, "server"),
        (SYSTEM, "system"),
        (BROWSERS, "browser"),
        (LOLBAS, "lolbas"),
    ];
    let found = roles.into_iter().find(|(names, _)| holds(names, name)).map(|(_, role)| role);
    found.unwrap_or(if name == "explorer.exe" { "explorer" } else { "other" })
}

/// Programs of the lists that others make, or that come with other software too.
const FOREIGN: &str = "python.exe pythonw.exe bash.exe pwsh.exe psexec.exe procdump.exe msmpeng.exe at.exe ftp.exe \
    xwizard.exe";
/// Programs of Windows that lie beside its system folder.
const BESIDE: &str = "explorer.exe notepad.exe regedit.exe hh.exe";

/// Whether a program of this name belongs into Windows' system folder, or beside it.
pub fn is_core(name: &str) -> bool {
    [SHELLS, LOLBAS, CORE, SYSTEM].iter().any(|names| holds(names, name)) && !holds(FOREIGN, name)
}

/// Whether a program of this name lies in Windows' folder itself.
pub fn is_beside(name: &str) -> bool {
    holds(BESIDE, name)
}

/// Whether a program of this name has no reason to start others.
pub fn is_bent(name: &str) -> bool {
    holds(BENT, name)
}

/// Who writes a file or a key: a tool in somebody's hand, a program that users put there, Windows, or software.
pub fn writer(name: &str, place: &str) -> &'static str {
    if holds(SHELLS, name) || holds(TOOLS, name) {
        "tool"
    } else if super::place::is_writable(place) {
        "writable"
    } else if holds(SYSTEM, name) || name == "explorer.exe" {
        "system"
    } else {
        "software"
    }
}

/// The role in words.
pub fn words(role: &str) -> &'static str {
    match role {
        "shell" => "a shell or script host",
        "office" => "a program that opens documents",
        "server" => "a server program",
        "system" => "a process of Windows",
        "browser" => "a browser",
        "lolbas" => "a system tool",
        "explorer" => "the desktop",
        "none" => "nothing known",
        _ => "other software",
    }
}
