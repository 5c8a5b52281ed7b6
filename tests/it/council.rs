//! Organisations, bodies, mandates.

use rec_tests::on_both_databases;
use serde_json::json;

on_both_databases! {
    async fn the_public_record_is_there(app: TestApp) {
        let data = app.anonymous().query("{ workingGroups { totalCount nodes { code } } organizers { nodes { acronym } } meetings { totalCount } }").await;
        assert_eq!(data["workingGroups"]["totalCount"], 4);
        assert_eq!(data["meetings"]["totalCount"], 5);
        let organizers: Vec<_> = data["organizers"]["nodes"].as_array().unwrap().iter().map(|o| o["acronym"].as_str().unwrap()).collect();
        assert_eq!(organizers, ["ISRS", "OSCE", "UNOCT", "UNRCCA", "OSCE-PCUZ"]);
        let adopted = app.adopted("WG-A").await;
        assert_eq!(adopted["label"], "REC/WG-A/2025/1");
        assert_eq!(json!("ADOPTED"), adopted["status"]);
    }
}
