//! A law small enough to break in one place: one format of each kind, two tiers, three rules.
//!
//! Every text that a case replaces stands in its file exactly once.

/// The files of the small law: (path, text).
pub const FILES: [(&str, &str); 10] = [
    ("regions.toml", REGIONS),
    ("mci.toml", MCI),
    ("formats/car.toml", CAR),
    ("formats/van.toml", VAN),
    ("formats/sled.toml", SLED),
    ("formats/foreign.toml", FOREIGN),
    ("tariffs/first.toml", TARIFF),
    ("withheld/car.toml", WITHHELD),
    ("beauty/all.toml", BEAUTY),
    ("words/en.toml", WORDS),
];

const REGIONS: &str = r#"
[[region]]
code = "01"
names = { kk = "Бір", ru = "Первый", en = "First" }

[[region]]
code = "02"
names = { kk = "Екі", ru = "Второй", en = "Second" }

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;

const MCI: &str = r#"
[[mci]]
value_tenge = 4000
in_force_from = 2026-01-01
in_force_until = 2026-06-30

[[mci]]
value_tenge = 5000
in_force_from = 2026-07-01
in_force_until = 2026-12-31

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;

const CAR: &str = r#"
id = "car"
number = 0
template = "NNN LLL RR"
digits_from = 1
applicant = "person"
example = "777 AAA 02"
names = { kk = "Көлік", ru = "Машина", en = "Car" }

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;

const VAN: &str = r#"
id = "van"
number = 1
template = "NNN LL RR"
digits_from = 1
applicant = "entity"
example = "777 AA 02"
names = { kk = "Фургон", ru = "Фургон", en = "Van" }

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;

const SLED: &str = r#"
id = "sled"
number = 2
template = "NN LL RR"
digits_from = 1
enabled = false
applicant = "person"
example = "77 AA 02"
names = { kk = "Шана", ru = "Сани", en = "Sled" }

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;

const FOREIGN: &str = r#"
[[foreign]]
id = "guest"
template = "[FH] NNNN RR"
names = { kk = "Қонақ", ru = "Гость", en = "Guest" }

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;

const TARIFF: &str = r#"
id = "first"
in_force_from = 2026-01-01
names = { kk = "Баж", ru = "Пошлина", en = "Duty" }

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"

[[clause]]
id = "law"
text = { kk = "Заң", ru = "Закон", en = "The law" }

[[tier]]
id = "dear"
mci = "228"
names = { kk = "Қымбат", ru = "Дорогой", en = "Dear" }

[[tier]]
id = "plain"
mci = "2.8"
names = { kk = "Арзан", ru = "Простой", en = "Plain" }

[[rule]]
id = "dear_digits"
acquired = "chosen"
formats = ["car", "van"]
digits = "001-009 | 777"
tier = "dear"
clause = "law"

[[rule]]
id = "chosen_rest"
acquired = "chosen"
tier = "plain"
clause = "law"

[[rule]]
id = "assigned_all"
acquired = "assigned"
tier = "plain"
clause = "law"
"#;

const WITHHELD: &str = r#"
format = "car"

[[withheld]]
id = "rude"
series = ["BAD", "EWE"]
reason = { kk = "Дөрекі", ru = "Грубо", en = "Rude" }

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;

const BEAUTY: &str = r#"
[[beauty]]
id = "mirror"
said = ["зеркало"]
beauty = 30
pattern = "digits:aba"
names = { kk = "Айна", ru = "Зеркало", en = "Mirror" }

[[beauty]]
id = "word"
beauty = 25
words = "en"
names = { kk = "Сөз", ru = "Слово", en = "Word" }

[[beauty]]
id = "alike"
beauty = 60
read = "series"
look_alikes = { "0" = "O", "8" = "B" }
names = { kk = "Ұқсас", ru = "Похоже", en = "Alike" }

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;

const WORDS: &str = r#"
language = "en"
names = { kk = "Сөздер", ru = "Слова", en = "Words" }
word = [
    { series = "CAT", reads = "cat" },
    { series = "GO", reads = "go" },
]

[provenance]
source = "A test"
date = 2026-01-01
sure = "F"
"#;
