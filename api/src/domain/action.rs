//! Everything that writes to the register: the mutations, and the commands. It says which scope each needs, and decides nothing else.

use entity::client::Scope::{self, Sync, WriteCouncil, WriteMeetings, WriteOrganizations, WriteRecommendations};

/// From a table of actions, each with its name and the scope that it needs: one that says nothing of its scope does not compile. Expands to
/// `enum Action`, with `Action::ALL`;
/// `name`, what the audit trail calls each; and
/// `scope`, what a client needs for each.
macro_rules! actions {
    ($($action:ident $name:literal $scope:expr,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($action,)* }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$action,)*];

            /// What the audit trail calls it: the mutation's name, or the command's.
            pub fn name(self) -> &'static str {
                match self { $(Self::$action => $name,)* }
            }

            /// The scope that a client needs; `None` if no client may do it.
            pub fn scope(self) -> Option<Scope> {
                match self { $(Self::$action => $scope,)* }
            }
        }
    };
}

actions! {
    CreateOrganization "createOrganization" Some(WriteOrganizations),
    UpdateOrganization "updateOrganization" Some(WriteOrganizations),
    DeactivateOrganization "deactivateOrganization" Some(WriteOrganizations),
    UpsertOrganizations "upsertOrganizations" Some(WriteOrganizations),
    CreateBody "createBody" Some(WriteCouncil),
    UpdateBody "updateBody" Some(WriteCouncil),
    GrantMandate "grantMandate" Some(WriteCouncil),
    EndMandate "endMandate" Some(WriteCouncil),
    CreateTheme "createTheme" Some(WriteCouncil),
    UpdateTheme "updateTheme" Some(WriteCouncil),
    MergeThemes "mergeThemes" Some(WriteCouncil),
    CreateDocument "createDocument" Some(WriteCouncil),
    UpdateDocument "updateDocument" Some(WriteCouncil),
    UpsertDocuments "upsertDocuments" Some(WriteCouncil),
    CreateSource "createSource" Some(WriteCouncil),
    CreateInstrument "createInstrument" Some(WriteCouncil),
    UpdateInstrument "updateInstrument" Some(WriteCouncil),
    ScheduleMeeting "scheduleMeeting" Some(WriteMeetings),
    UpdateMeeting "updateMeeting" Some(WriteMeetings),
    ConfirmMeeting "confirmMeeting" Some(WriteMeetings),
    OpenMeeting "openMeeting" Some(WriteMeetings),
    ConcludeMeeting "concludeMeeting" Some(WriteMeetings),
    CancelMeeting "cancelMeeting" Some(WriteMeetings),
    PostponeMeeting "postponeMeeting" Some(WriteMeetings),
    SetMeetingOrganizers "setMeetingOrganizers" Some(WriteMeetings),
    SetBodySessions "setBodySessions" Some(WriteMeetings),
    AddAgendaItem "addAgendaItem" Some(WriteMeetings),
    UpdateAgendaItem "updateAgendaItem" Some(WriteMeetings),
    RemoveAgendaItem "removeAgendaItem" Some(WriteMeetings),
    ReorderAgendaItems "reorderAgendaItems" Some(WriteMeetings),
    RecordParticipation "recordParticipation" Some(WriteMeetings),
    UpsertMeetings "upsertMeetings" Some(WriteMeetings),
    DraftRecommendation "draftRecommendation" Some(WriteRecommendations),
    ReviseRecommendation "reviseRecommendation" Some(WriteRecommendations),
    SetAddressees "setAddressees" Some(WriteRecommendations),
    OpenDiscussion "openDiscussion" Some(WriteRecommendations),
    WithdrawRecommendation "withdrawRecommendation" Some(WriteRecommendations),
    OpenSilence "openSilence" Some(WriteRecommendations),
    WithdrawSilence "withdrawSilence" Some(WriteRecommendations),
    StatePosition "statePosition" Some(WriteRecommendations),
    AnswerPosition "answerPosition" Some(WriteRecommendations),
    MaintainPosition "maintainPosition" Some(WriteRecommendations),
    WithdrawPosition "withdrawPosition" Some(WriteRecommendations),
    RecordAgreement "recordAgreement" Some(WriteRecommendations),
    RecordNoConsensus "recordNoConsensus" Some(WriteRecommendations),
    SubmitToExecutiveCommittee "submitToExecutiveCommittee" Some(WriteRecommendations),
    ReturnRecommendation "returnRecommendation" Some(WriteRecommendations),
    AdoptRecommendation "adoptRecommendation" Some(WriteRecommendations),
    RecordAdoption "recordAdoption" Some(WriteRecommendations),
    TransmitRecommendation "transmitRecommendation" Some(WriteRecommendations),
    SupersedeRecommendation "supersedeRecommendation" Some(WriteRecommendations),
    UpsertRecommendations "upsertRecommendations" Some(WriteRecommendations),
    LinkExternalId "linkExternalId" Some(Sync),
    UnlinkExternalId "unlinkExternalId" Some(Sync),
    RegisterClient "registerClient" None,
    DeactivateClient "deactivateClient" None,
    IssueToken "issueToken" None,
    IssueLocalToken "token" None,
    RevokeToken "revokeToken" None,
    RegisterWebhook "registerWebhook" None,
    RotateWebhookSecret "rotateWebhookSecret" None,
    SealWebhookSecrets "seal webhook secrets" None,
    EnableWebhook "enableWebhook" None,
    DisableWebhook "disableWebhook" None,
    ReplayWebhook "replayWebhook" None,
    TestWebhook "testWebhook" None,
    SeedPublic "seed public" None,
    SeedDemo "seed demo" None,
    SeedScale "seed scale" None,
    ElapseSilence "silence elapsed" None,
    Restore "restore" None,
}
