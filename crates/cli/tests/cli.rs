//! Transcripts of the program: help, tables, and a sentence for every error.

#[test]
fn it_says_what_the_transcripts_say() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
