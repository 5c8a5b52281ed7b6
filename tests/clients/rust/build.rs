fn main() {
    let schema = cynic_codegen::register_schema("council");
    schema.from_sdl_file("../../../api/schema.graphql").expect("the schema").as_default().expect("the only schema");
}
