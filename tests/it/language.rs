//! In which language the service answers.

use rec_tests::given::{at_with, text, with};
use rec_tests::{TestApp, on_both_databases};
use serde_json::{Value, json};

const TEXTS: [(&str, &str); 8] = [
    ("EN", "Peace"),
    ("RU", "Мир"),
    ("UZ", "Tinchlik"),
    ("KK", "Бейбітшілік"),
    ("KY", "Тынчтык"),
    ("TG", "Сулҳ"),
    ("TK", "Parahatçylyk"),
    ("UZ_CYRL", "Тинчлик"),
];

/// A theme with these translations, the first of which is the original.
async fn theme(app: &TestApp, texts: &[(&str, &str)]) -> Value {
    let name: Vec<Value> = texts.iter().map(|(locale, text)| json!({ "locale": locale, "text": text })).collect();
    let input = json!({ "code": "PEACE", "name": name, "kind": "SUBJECT" });
    app.secretariat().mutate("createTheme", input, "id version").await
}

/// The name that a client gets that accepts these languages.
async fn name(app: &TestApp, accepts: &str, arguments: &str) -> Value {
    let query = format!("{{ themes {{ nodes {{ name{arguments} }} }} }}");
    app.anonymous().reading(accepts).query(&query).await["themes"]["nodes"][0]["name"].take()
}

on_both_databases! {
    a_text_is_given_in_each_of_the_languages_and_scripts,
    the_other_script_comes_after_the_next_language,
    the_best_accepted_language_that_exists_is_given,
    the_argument_goes_before_the_header_and_falls_back_to_it,
    a_text_without_the_wanted_language_is_given_in_its_original,
    translations_say_which_is_the_original,
    the_original_is_named_or_stays_as_it_was,
    one_language_is_the_original,
    an_update_replaces_all_languages,
    a_text_that_is_absent_is_null_and_has_no_translations,
    a_language_is_given_once_and_at_least_one,
    one_language_holds_for_the_whole_answer,
    the_public_record_answers_in_russian_where_it_exists,
}

async fn a_text_is_given_in_each_of_the_languages_and_scripts(app: TestApp) {
    theme(&app, &TEXTS).await;
    for (locale, text) in TEXTS {
        assert_eq!(name(&app, &locale.to_lowercase().replace('_', "-"), "").await, text, "Accept-Language {locale}");
        assert_eq!(name(&app, "en", &format!("(locale: {locale})")).await, text, "locale {locale}");
    }
}

async fn the_other_script_comes_after_the_next_language(app: TestApp) {
    let (english, russian, latin, cyrillic) = (TEXTS[0], TEXTS[1], TEXTS[2], TEXTS[7]);
    let theme = theme(&app, &[english, russian, cyrillic]).await;
    for (accepts, arguments, text) in [
        ("uz-Cyrl-UZ", "", cyrillic.1),
        ("uz", "", cyrillic.1),
        ("uz-Latn, ru;q=0.5", "", russian.1),
        ("uz-Latn, tg;q=0.5", "", cyrillic.1),
        ("ru", "(locale: UZ)", russian.1),
        ("tg", "(locale: UZ)", cyrillic.1),
    ] {
        assert_eq!(name(&app, accepts, arguments).await, text, "{accepts} {arguments}");
    }
    let both: Vec<Value> =
        [english, latin].iter().map(|(locale, text)| json!({ "locale": locale, "text": text })).collect();
    app.secretariat().mutate("updateTheme", at_with(&theme, json!({ "name": both })), "id").await;
    assert_eq!(name(&app, "uz-Cyrl", "").await, latin.1);
}

async fn the_best_accepted_language_that_exists_is_given(app: TestApp) {
    theme(&app, &TEXTS[..3]).await;
    for (accepts, text) in [
        ("ru-KZ, en;q=0.5", "Мир"),
        ("en;q=0.5, ru;q=0.8", "Мир"),
        ("kk, uz;q=0.9, ru;q=0.8", "Tinchlik"),
        ("fr, *;q=0.1", "Peace"),
        ("ru;q=0, uz;q=0.1", "Tinchlik"),
        ("RU", "Мир"),
    ] {
        assert_eq!(name(&app, accepts, "").await, text, "{accepts}");
    }
}

async fn the_argument_goes_before_the_header_and_falls_back_to_it(app: TestApp) {
    theme(&app, &TEXTS[..3]).await;
    assert_eq!(name(&app, "ru", "(locale: UZ)").await, "Tinchlik");
    assert_eq!(name(&app, "ru", "(locale: TG)").await, "Мир");
    assert_eq!(name(&app, "tk", "(locale: TG)").await, "Peace");
}

async fn a_text_without_the_wanted_language_is_given_in_its_original(app: TestApp) {
    theme(&app, &[TEXTS[3], TEXTS[1]]).await;
    assert_eq!(name(&app, "en", "").await, "Бейбітшілік");
    assert_eq!(name(&app, "ru", "").await, "Мир");
}

async fn translations_say_which_is_the_original(app: TestApp) {
    theme(&app, &[TEXTS[1], TEXTS[0]]).await;
    let query = "{ themes { nodes { nameTranslations { locale text original } } } }";
    let mut translations = app.anonymous().query(query).await["themes"]["nodes"][0]["nameTranslations"].take();
    translations.as_array_mut().unwrap().sort_by_key(|one| one["locale"].to_string());
    let expected = json!([
        { "locale": "EN", "text": "Peace", "original": false },
        { "locale": "RU", "text": "Мир", "original": true },
    ]);
    assert_eq!(translations, expected);
}

async fn the_original_is_named_or_stays_as_it_was(app: TestApp) {
    let mut theme = theme(&app, &[TEXTS[1], TEXTS[0]]).await;
    let given = |texts: [&str; 2], original: Option<&str>| -> Value {
        let entry = |locale: &str| {
            let named = original.map(|original| json!({ "original": locale == original })).unwrap_or(json!({}));
            with(json!({ "locale": locale, "text": locale }), named)
        };
        texts.map(entry).to_vec().into()
    };
    for (texts, original) in [
        (given(["EN", "RU"], None), "RU"),
        (given(["EN", "RU"], Some("")), "RU"),
        (given(["RU", "EN"], Some("EN")), "EN"),
        (given(["RU", "EN"], None), "EN"),
        (given(["TG", "KK"], None), "TG"),
        (given(["KK", "TG"], None), "TG"),
    ] {
        let selection = "id version nameTranslations { locale original }";
        theme = app.secretariat().mutate("updateTheme", at_with(&theme, json!({ "name": texts })), selection).await;
        let translations = theme["nameTranslations"].as_array().unwrap();
        let originals: Vec<&Value> = translations.iter().filter(|one| one["original"] == true).collect();
        assert_eq!(originals, [&json!({ "locale": original, "original": true })], "{texts}");
    }
}

async fn one_language_is_the_original(app: TestApp) {
    let entry = |locale: &str| json!({ "locale": locale, "text": "Peace", "original": true });
    let input = json!({ "code": "PEACE", "name": [entry("EN"), entry("RU")], "kind": "SUBJECT" });
    assert_eq!(app.secretariat().refusals("createTheme", input).await, ["INVALID name.1.original"]);
}

async fn an_update_replaces_all_languages(app: TestApp) {
    let theme = theme(&app, &TEXTS).await;
    let input = at_with(&theme, json!({ "name": [{ "locale": "RU", "text": "Согласие" }] }));
    let selection = "name nameTranslations { locale text original }";
    let updated = app.secretariat().mutate("updateTheme", input, selection).await;
    let only = json!({ "locale": "RU", "text": "Согласие", "original": true });
    assert_eq!(updated, json!({ "name": "Согласие", "nameTranslations": [only] }));
}

async fn a_text_that_is_absent_is_null_and_has_no_translations(app: TestApp) {
    let meeting = app.planned_meeting(json!({})).await;
    let query = "query($id: ID!) { meeting(by: { id: $id }) { theme(locale: RU) themeTranslations { text } } }";
    let data = app.anonymous().query_with(query, json!({ "id": meeting["id"] })).await;
    assert_eq!(data["meeting"], json!({ "theme": null, "themeTranslations": [] }));
}

async fn a_language_is_given_once_and_at_least_one(app: TestApp) {
    for (name, refusal) in [
        (json!([]), "REQUIRED name"),
        (json!([{ "locale": "EN", "text": "A" }, { "locale": "EN", "text": "B" }]), "INVALID name.1.locale"),
        (json!([{ "locale": "EN", "text": "A" }, { "locale": "RU", "text": " " }]), "REQUIRED name.1.text"),
    ] {
        let input = json!({ "code": "PEACE", "name": name, "kind": "SUBJECT" });
        assert_eq!(app.secretariat().refusals("createTheme", input).await, [refusal]);
    }
}

async fn one_language_holds_for_the_whole_answer(app: TestApp) {
    let meeting =
        app.planned_meeting(json!({ "theme": text("Law"), "sessions": [{ "bodyId": app.body("PL").await }] })).await;
    let query =
        "query($id: ID!) { meeting(by: { id: $id }) { title theme country { name } sessions { body { name } } } }";
    let data = app.anonymous().reading("ru").query_with(query, json!({ "id": meeting["id"] })).await;
    assert_eq!(data["meeting"]["title"], "A meeting (по-русски)");
    assert_eq!(data["meeting"]["theme"], "Law (по-русски)");
    let body = data["meeting"]["sessions"][0]["body"]["name"].as_str().unwrap();
    assert!(body.starts_with("Региональный экспертный совет"), "{body}");
}

async fn the_public_record_answers_in_russian_where_it_exists(app: TestApp) {
    let query = "{ meetings(orderBy: [{ field: STARTS_ON }], first: 1) { nodes { title theme } } }";
    let data = app.anonymous().reading("ru").query(query).await;
    let first = &data["meetings"]["nodes"][0];
    assert_eq!(first["theme"], "Сотрудничество во имя мира и безопасности");
    assert_eq!(first["title"], "First Meeting of the Regional Expert Council");
}
