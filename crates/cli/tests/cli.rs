//! What the program says: help, tables, and a sentence for everything that is refused.

#[test]
fn it_says_what_the_transcripts_say() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
