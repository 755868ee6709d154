//! How our types become columns: closed lists of words and JSON, both as text on both databases.
use crate::domain::action::{ActionKind, ActionState};
use crate::domain::evidence::{EvidenceKind, EvidenceState};
use crate::domain::intel::IntelState;
use crate::domain::{
    ExclusionState, Failure, GateEvent, GateLevel, GateState, HitKind, MachineVerdict, ObservableKind, Outcome, Role,
    Severity, Status, Verdict, VoteState, WorkState,
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

/// A value that is stored as JSON text. Text, not `jsonb`: it keeps the order of keys and any character.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonText<T>(pub T);

impl<DB: Database, T> Type<DB> for JsonText<T>
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <String as Type<DB>>::compatible(ty)
    }
}

impl<'r, DB: Database, T: DeserializeOwned> Decode<'r, DB> for JsonText<T>
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(&String::decode(value)?)?))
    }
}

impl<'q, DB: Database, T: Serialize> Encode<'q, DB> for JsonText<T>
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buf: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        serde_json::to_string(&self.0)?.encode(buf)
    }
}

macro_rules! word_columns {
    ($($word:ty),+ $(,)?) => {$(
        impl<DB: Database> Type<DB> for $word where String: Type<DB> {
            fn type_info() -> DB::TypeInfo { <String as Type<DB>>::type_info() }
            fn compatible(ty: &DB::TypeInfo) -> bool { <String as Type<DB>>::compatible(ty) }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $word where String: Decode<'r, DB> {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> { Ok(String::decode(value)?.parse()?) }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $word where String: Encode<'q, DB> {
            fn encode_by_ref(&self, buf: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.as_str().to_owned().encode(buf)
            }
        }
    )+};
}

word_columns!(super::links::LinkKind);
word_columns!(
    ActionKind,
    ActionState,
    EvidenceKind,
    EvidenceState,
    ExclusionState,
    Failure,
    GateEvent,
    GateLevel,
    GateState,
    HitKind,
    IntelState,
    MachineVerdict,
    ObservableKind,
    Outcome,
    Role,
    Severity,
    Status,
    Verdict,
    VoteState,
    WorkState,
    crate::domain::AutoClose,
    crate::domain::Blind,
    crate::domain::template::Fits,
    super::ActorKind,
    super::bulk::ActState,
    super::bulk::MemberState,
    super::bulk::Why,
    super::notifications::Delivery,
    super::notifications::Kind,
    super::record::Ended,
    super::runs::RunState,
    super::trials::TrialState,
);
