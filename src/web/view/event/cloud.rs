//! Audit logs of clouds: who did what, to what, from where.
use super::fields::Fields;
use super::value::{self, Kind, Spec};
use super::{About, EventView, Said};
use crate::domain::ObservableKind;
use crate::web::view::text;
use serde_json::Value;

const AWS: &[Spec] = &[
    ("eventName", "Action", Kind::Text),
    ("eventSource", "Service", Kind::Text),
    ("userIdentity/arn", "Who", Kind::Text),
    ("userIdentity/userName", "User", Kind::Text),
    ("userIdentity/type", "Kind of identity", Kind::Text),
    ("userIdentity/principalId", "Principal", Kind::Text),
    ("userIdentity/accountId", "Account", Kind::Text),
    ("userIdentity/accessKeyId", "Access key", Kind::Text),
    ("userIdentity/invokedBy", "On behalf of", Kind::Text),
    ("sourceIPAddress", "From", Kind::Ip),
    ("userAgent", "With", Kind::Text),
    ("awsRegion", "Region", Kind::Text),
    ("eventTime", "Time", Kind::Text),
    ("errorCode", "Error", Kind::Text),
    ("errorMessage", "Error in words", Kind::Text),
    ("responseElements/ConsoleLogin", "Console sign-in", Kind::Text),
    ("additionalEventData/MFAUsed", "Second factor", Kind::Text),
    ("recipientAccountId", "In account", Kind::Text),
];

const OFFICE: &[Spec] = &[
    ("Operation", "Action", Kind::Text),
    ("Workload", "Service", Kind::Text),
    ("UserId", "Who", Kind::Mail),
    ("ClientIP", "From", Kind::Ip),
    ("ClientIPAddress", "From", Kind::Ip),
    ("ActorIpAddress", "From", Kind::Ip),
    ("ResultStatus", "Result", Kind::Text),
    ("ObjectId", "To what", Kind::Text),
    ("SourceFileName", "File", Kind::Path),
    ("SiteUrl", "Site", Kind::Url),
    ("MailboxOwnerUPN", "Mailbox", Kind::Mail),
    ("LogonError", "Error", Kind::Text),
    ("UserAgent", "With", Kind::Text),
    ("CreationTime", "Time", Kind::Text),
    ("OrganizationName", "Organisation", Kind::Text),
];

const OKTA: &[Spec] = &[
    ("eventType", "Action", Kind::Text),
    ("displayMessage", "In words", Kind::Text),
    ("actor/displayName", "Who", Kind::Text),
    ("actor/alternateId", "Who, by address", Kind::Mail),
    ("actor/type", "Kind of identity", Kind::Text),
    ("client/ipAddress", "From", Kind::Ip),
    ("client/geographicalContext/city", "City", Kind::Text),
    ("client/geographicalContext/country", "Country", Kind::Text),
    ("client/userAgent/rawUserAgent", "With", Kind::Text),
    ("outcome/result", "Result", Kind::Text),
    ("outcome/reason", "Why", Kind::Text),
    ("severity", "Severity there", Kind::Text),
    ("published", "Time", Kind::Text),
];

const AZURE: &[Spec] = &[
    ("operationName", "Action", Kind::Text),
    ("operationName/localizedValue", "Action", Kind::Text),
    ("category", "Category", Kind::Text),
    ("identity", "Who", Kind::Mail),
    ("caller", "Who", Kind::Mail),
    ("userPrincipalName", "Who", Kind::Mail),
    ("properties/userPrincipalName", "Who, by address", Kind::Mail),
    ("callerIpAddress", "From", Kind::Ip),
    ("ipAddress", "From", Kind::Ip),
    ("properties/ipAddress", "From, by the sign-in", Kind::Ip),
    ("appDisplayName", "Application", Kind::Text),
    ("properties/appDisplayName", "Application", Kind::Text),
    ("properties/clientAppUsed", "With", Kind::Text),
    ("properties/userAgent", "Browser", Kind::Text),
    ("resourceId", "To what", Kind::Text),
    ("resultType", "Result", Kind::Text),
    ("resultDescription", "Result in words", Kind::Text),
    ("properties/status/errorCode", "Error", Kind::Text),
    ("properties/status/failureReason", "Error in words", Kind::Text),
    ("status/errorCode", "Error", Kind::Text),
    ("status/failureReason", "Error in words", Kind::Text),
    ("tenantId", "Tenant", Kind::Text),
    ("time", "Time", Kind::Text),
    ("createdDateTime", "Time", Kind::Text),
];

const GOOGLE: &[Spec] = &[
    ("protoPayload/methodName", "Action", Kind::Text),
    ("protoPayload/serviceName", "Service", Kind::Text),
    ("protoPayload/authenticationInfo/principalEmail", "Who", Kind::Mail),
    ("protoPayload/requestMetadata/callerIp", "From", Kind::Ip),
    ("protoPayload/requestMetadata/callerSuppliedUserAgent", "With", Kind::Text),
    ("protoPayload/resourceName", "To what", Kind::Text),
    ("protoPayload/status/message", "Error in words", Kind::Text),
    ("severity", "Severity there", Kind::Text),
    ("timestamp", "Time", Kind::Text),
];

/// Where a sentence finds its words: who, what, at which service, from where; the first that is told counts.
struct Places(&'static [&'static str], &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// The audit log of AWS.
pub fn aws(event: Fields<'_>, _: &About<'_>, view: &mut EventView) {
    let who = &["userIdentity/userName", "userIdentity/arn", "userIdentity/invokedBy", "userIdentity/type"];
    audit(event, "AWS CloudTrail", AWS, &Places(who, &["eventName"], &["eventSource"], &["sourceIPAddress"]), view);
}

/// Microsoft 365.
pub fn office(event: Fields<'_>, _: &About<'_>, view: &mut EventView) {
    let from = &["ClientIP", "ClientIPAddress", "ActorIpAddress"];
    audit(event, "Office 365", OFFICE, &Places(&["UserId"], &["Operation"], &["Workload"], from), view);
}

/// Okta.
pub fn okta(event: Fields<'_>, _: &About<'_>, view: &mut EventView) {
    let who = &["actor/alternateId", "actor/displayName"];
    audit(event, "Okta", OKTA, &Places(who, &["eventType"], &[], &["client/ipAddress"]), view);
}

/// Azure and Entra ID.
pub fn azure(event: Fields<'_>, _: &About<'_>, view: &mut EventView) {
    let who = &["properties/userPrincipalName", "userPrincipalName", "identity", "caller"];
    let what = &["operationName", "operationName/localizedValue", "category"];
    let at = &["properties/appDisplayName", "appDisplayName"];
    let from = &["callerIpAddress", "ipAddress", "properties/ipAddress"];
    audit(event, "Azure", AZURE, &Places(who, what, at, from), view);
}

/// Google Cloud.
pub fn google(event: Fields<'_>, _: &About<'_>, view: &mut EventView) {
    let who = &["protoPayload/authenticationInfo/principalEmail"];
    let from = &["protoPayload/requestMetadata/callerIp"];
    let (what, at) = (&["protoPayload/methodName"], &["protoPayload/serviceName"]);
    audit(event, "Google Cloud", GOOGLE, &Places(who, what, at, from), view);
}

/// Whether an event looks like one of Azure's or Entra ID's.
pub fn is_azure(event: Fields<'_>) -> bool {
    let text = |path: &str| event.look_text(path).is_some();
    let operation = event.look("operationName").is_some_and(|name| name.is_string() || name.is_object());
    let known = text("callerIpAddress")
        || text("resourceId")
        || text("category")
        || event.look("properties").is_some_and(Value::is_object);
    (operation && known) || (text("userPrincipalName") && (text("ipAddress") || text("appDisplayName")))
}

fn audit(event: Fields<'_>, heading: &'static str, specs: &[Spec], places: &Places, view: &mut EventView) {
    view.heading = heading;
    view.facts("Audit", value::rows(event, specs));
    let find = |paths: &[&str]| paths.iter().find_map(|path| event.look_text(path));
    let Some(action) = find(places.1) else { return };
    let said = match find(places.0) {
        Some(who) => Said::default().name(&text::defang(ObservableKind::Domain, who)),
        None => Said::default().words("Somebody"),
    };
    let mut said = said.words("did").name(action);
    if let Some(service) = find(places.2) {
        said = said.words("at").name(service);
    }
    if let Some(from) = find(places.3) {
        said = said.words("from").name(&text::defang(ObservableKind::Ip, from));
    }
    view.said = said;
}
