//! The causes, one line each: what is wrong, in which file, the text that is replaced, by what, the code.
//!
//! The sign ▸ in a replacement stands before the character at which the fault must be reported.

/// (what is wrong, file, text, replacement, code)
pub type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    // The file as TOML.
    ("a value is missing", "mci.toml", "value_tenge = 4000", "value_tenge =▸", "toml_syntax"),
    ("a key stands twice", "mci.toml", "value_tenge = 4000", "value_tenge = 1\n▸value_tenge = 2", "toml_syntax"),
    ("a text has no end", "tariffs/first.toml", "id = \"first\"", "id = \"first▸", "toml_syntax"),
    // Keys and types.
    ("a key is misspelt", "tariffs/first.toml", "clause = \"law\"\n\n[[rule]]\nid = \"chosen_rest\"", "clause = \"law\"\n▸tear = \"dear\"\n\n[[rule]]\nid = \"chosen_rest\"", "key_unknown"),
    ("a key is missing", "mci.toml", "value_tenge = 4000\n", "", "key_missing"),
    ("a number stands where a text belongs", "tariffs/first.toml", "mci = \"228\"", "mci = ▸228", "type_wrong"),
    ("a text stands where a number belongs", "mci.toml", "value_tenge = 4000", "value_tenge = ▸\"4000\"", "type_wrong"),
    ("a decimal stands where a whole number belongs", "mci.toml", "value_tenge = 4000", "value_tenge = ▸4000.5", "type_wrong"),
    ("a text stands where a day belongs", "tariffs/first.toml", "in_force_from = 2026-01-01", "in_force_from = ▸\"2026-01-01\"", "type_wrong"),
    ("a time of day stands where a day belongs", "tariffs/first.toml", "in_force_from = 2026-01-01", "in_force_from = ▸2026-01-01T00:00:00Z", "type_wrong"),
    ("a text stands where a table belongs", "formats/car.toml", "names = { kk = \"Көлік\", ru = \"Машина\", en = \"Car\" }", "names = ▸\"Car\"", "type_wrong"),
    ("a text stands where a list belongs", "tariffs/first.toml", "formats = [\"car\", \"van\"]", "formats = ▸\"car\"", "type_wrong"),
    ("a number is out of range", "mci.toml", "value_tenge = 4000", "value_tenge = ▸0", "out_of_range"),
    ("a name is empty", "formats/car.toml", "en = \"Car\"", "en = ▸\" \"", "text_empty"),
    ("a list is empty", "tariffs/first.toml", "formats = [\"car\", \"van\"]", "formats = ▸[]", "list_empty"),
    ("a language is missing", "formats/car.toml", "kk = \"Көлік\", ", "", "key_missing"),
    ("an identifier has a blank", "tariffs/first.toml", "id = \"dear_digits\"", "id = ▸\"dear digits\"", "id_invalid"),
    // Provenance.
    ("nobody says where a file is from", "words/en.toml", "[provenance]\nsource = \"A test\"\ndate = 2026-01-01\nsure = \"F\"\n", "", "key_missing"),
    ("a degree of sureness is unknown", "mci.toml", "sure = \"F\"", "sure = ▸\"very\"", "sure_unknown"),
    // Regions and formats.
    ("a region's code has one digit", "regions.toml", "code = \"02\"", "code = ▸\"2\"", "region_code_invalid"),
    ("a region is declared twice", "regions.toml", "[[region]]\ncode = \"02\"", "▸[[region]]\ncode = \"01\"", "region_duplicate"),
    ("a template holds another letter", "formats/car.toml", "template = \"NNN LLL RR\"", "template = \"▸NNX LLL RR\"", "template_invalid"),
    ("a template has four digits", "formats/car.toml", "template = \"NNN LLL RR\"", "template = \"▸NNNN LLL RR\"", "digit_count_out_of_range"),
    ("a template has four letters", "formats/car.toml", "template = \"NNN LLL RR\"", "template = \"▸NNN LLLL RR\"", "letter_count_out_of_range"),
    ("no digits are left to issue", "formats/sled.toml", "digits_from = 1", "digits_from = 100", "digits_from_out_of_range"),
    ("a format's identifier is longer than a pool's name allows", "formats/car.toml", "id = \"car\"", "id = \"car_car_car_car_car_car_car_car_car\"", "format_id_invalid"),
    ("two formats have one identifier", "formats/van.toml", "id = \"van\"", "id = \"car\"", "format_duplicate"),
    ("two formats have one number", "formats/van.toml", "number = 1", "number = 0", "format_number_repeated"),
    ("two formats have one shape", "formats/van.toml", "template = \"NNN LL RR\"", "template = \"▸NNN LLL RR\"", "format_shape_ambiguous"),
    ("an applicant is of no kind", "formats/car.toml", "applicant = \"person\"", "applicant = ▸\"human\"", "applicant_unknown"),
    ("an example is of another format", "formats/van.toml", "example = \"777 AA 02\"", "example = ▸\"777 AAA 02\"", "example_invalid"),
    ("a foreign template cannot be read", "formats/foreign.toml", "template = \"[FH] NNNN RR\"", "template = \"▸[F NNNN\"", "template_invalid"),
    // The index.
    ("an index ends before it begins", "mci.toml", "in_force_until = 2026-06-30", "in_force_until = 2025-06-30", "mci_span_empty"),
    ("two indices claim the same days", "mci.toml", "in_force_from = 2026-07-01", "in_force_from = 2026-06-30", "mci_overlap"),
    // Tariffs.
    ("a duty is no number", "tariffs/first.toml", "mci = \"228\"", "mci = ▸\"many\"", "mci_invalid"),
    ("a duty has a comma", "tariffs/first.toml", "mci = \"2.8\"", "mci = ▸\"2,8\"", "mci_invalid"),
    ("a duty is beyond belief", "tariffs/first.toml", "mci = \"228\"", "mci = ▸\"22800000\"", "mci_invalid"),
    ("a tier is declared twice", "tariffs/first.toml", "[[tier]]\nid = \"plain\"", "▸[[tier]]\nid = \"dear\"\nmci = \"1\"\nnames = { kk = \"Т\", ru = \"Т\", en = \"T\" }\n\n[[tier]]\nid = \"plain\"", "tier_repeated"),
    ("a rule names no tier of the file", "tariffs/first.toml", "tier = \"dear\"", "tier = ▸\"deer\"", "tier_unknown"),
    ("a rule names no clause of the file", "tariffs/first.toml", "tier = \"dear\"\nclause = \"law\"", "tier = \"dear\"\nclause = ▸\"rumour\"", "clause_unknown"),
    ("a clause is declared twice", "tariffs/first.toml", "[[tier]]\nid = \"dear\"", "[[clause]]\nid = ▸\"law\"\ntext = { kk = \"Заң\", ru = \"Закон\", en = \"The law\" }\n\n[[tier]]\nid = \"dear\"", "clause_repeated"),
    ("two rules have one name", "tariffs/first.toml", "[[rule]]\nid = \"chosen_rest\"", "▸[[rule]]\nid = \"dear_digits\"", "rule_repeated"),
    ("a way of acquiring is unknown", "tariffs/first.toml", "acquired = \"assigned\"", "acquired = ▸\"inherited\"", "acquired_unknown"),
    ("a format is unknown", "tariffs/first.toml", "formats = [\"car\", \"van\"]", "formats = [\"car\", ▸\"bus\"]", "format_unknown"),
    ("a format is disabled", "tariffs/first.toml", "formats = [\"car\", \"van\"]", "formats = [\"car\", ▸\"sled\"]", "format_disabled"),
    ("a rule both offers and does not", "tariffs/first.toml", "[[rule]]\nid = \"dear_digits\"", "▸[[rule]]\nnot_offered = true\nid = \"dear_digits\"", "offer_contradicts"),
    ("a rule says nothing", "tariffs/first.toml", "[[rule]]\nid = \"dear_digits\"\nacquired = \"chosen\"\nformats = [\"car\", \"van\"]\ndigits = \"001-009 | 777\"\ntier = \"dear\"", "▸[[rule]]\nid = \"dear_digits\"\nacquired = \"chosen\"\nformats = [\"car\", \"van\"]\ndigits = \"001-009 | 777\"", "key_missing"),
    ("digits are no pattern", "tariffs/first.toml", "digits = \"001-009 | 777\"", "digits = \"001-009 | 7▸X7\"", "letter_among_digits"),
    ("a range of digits is reversed", "tariffs/first.toml", "digits = \"001-009 | 777\"", "digits = \"▸009-001 | 777\"", "range_reversed"),
    ("digits are not issued", "tariffs/first.toml", "digits = \"001-009 | 777\"", "digits = \"▸000 | 777\"", "digits_not_issued"),
    ("digits name the region", "tariffs/first.toml", "digits = \"001-009 | 777\"", "digits = \"0▸##\"", "hash_misplaced"),
    ("a series is too long for a format of the rule", "tariffs/first.toml", "digits = \"001-009 | 777\"", "series = \"▸aaa\"", "wrong_length"),
    ("a rule names no mark", "tariffs/first.toml", "[[rule]]\nid = \"dear_digits\"\nacquired = \"chosen\"\nformats = [\"car\", \"van\"]\ndigits = \"001-009 | 777\"", "▸[[rule]]\nid = \"dear_digits\"\nacquired = \"chosen\"\nformats = [\"car\", \"van\"]\ndigits = \"aaa & aba\"", "rule_names_nothing"),
    ("marks are left without a rule", "tariffs/first.toml", "[[rule]]\nid = \"chosen_rest\"\nacquired = \"chosen\"", "▸[[rule]]\nid = \"chosen_rest\"\nacquired = \"chosen\"\ndigits = \"!555\"", "uncovered"),
    ("a format is left without a rule", "tariffs/first.toml", "[[rule]]\nid = \"assigned_all\"\nacquired = \"assigned\"", "[[rule]]\nid = \"assigned_all\"\nacquired = \"assigned\"\nformats = [\"car\"]", "uncovered"),
    // What is withheld.
    ("a withheld series is too short", "withheld/car.toml", "\"BAD\"", "▸\"BA\"", "series_invalid"),
    ("a withheld series stands twice", "withheld/car.toml", "\"EWE\"", "▸\"BAD\"", "series_repeated"),
    ("nothing is withheld", "withheld/car.toml", "[[withheld]]\nid = \"rude\"\nseries = [\"BAD\", \"EWE\"]", "▸[[withheld]]\nid = \"rude\"", "withheld_unnamed"),
    ("what is withheld is of no format", "withheld/car.toml", "format = \"car\"", "format = ▸\"boat\"", "format_unknown"),
    // Beauty and words.
    ("a pattern of beauty does not parse", "beauty/all.toml", "pattern = \"digits:aba\"", "pattern = \"digits:▸(aba\"", "bracket_unclosed"),
    ("a pattern of beauty names nothing", "beauty/all.toml", "[[beauty]]\nid = \"mirror\"\nsaid = [\"зеркало\"]\nbeauty = 30\npattern = \"digits:aba\"", "▸[[beauty]]\nid = \"mirror\"\nsaid = [\"зеркало\"]\nbeauty = 30\npattern = \"digits:aba & digits:aaa\"", "tag_names_nothing"),
    ("a pattern names another that is unknown", "beauty/all.toml", "pattern = \"digits:aba\"", "pattern = \"@▸mirrors\"", "name_unknown"),
    ("two patterns have one name", "beauty/all.toml", "[[beauty]]\nid = \"word\"", "▸[[beauty]]\nid = \"mirror\"", "tag_repeated"),
    ("a word of search is too short", "beauty/all.toml", "said = [\"зеркало\"]", "said = [▸\"мир\"]", "said_invalid"),
    ("a pattern of beauty names its marks twice", "beauty/all.toml", "[[beauty]]\nid = \"word\"", "▸[[beauty]]\npattern = \"7*\"\nid = \"word\"", "tag_unnamed"),
    ("a list of words is unknown", "beauty/all.toml", "words = \"en\"", "words = ▸\"la\"", "words_unknown"),
    ("a look-alike is two letters", "beauty/all.toml", "\"8\" = \"B\"", "\"8\" = ▸\"BB\"", "look_alike_invalid"),
    ("a digit is no digit", "beauty/all.toml", "\"8\" = \"B\"", "\"8\" = \"B\", ▸\"X\" = \"B\"", "key_unknown"),
    ("a reading is of no kind", "beauty/all.toml", "read = \"series\"", "read = ▸\"aloud\"", "reading_unknown"),
    ("points are beyond belief", "beauty/all.toml", "beauty = 30", "beauty = ▸30000", "out_of_range"),
    ("a word fits no format", "words/en.toml", "series = \"CAT\"", "series = ▸\"CATS\"", "series_invalid"),
    ("a word stands twice", "words/en.toml", "{ series = \"GO\"", "▸{ series = \"CAT\"", "word_repeated"),
    // What a hostile or careless draft could do.
    ("a day is not in the calendar", "tariffs/first.toml", "in_force_from = 2026-01-01", "in_force_from = ▸2026-02-30", "toml_syntax"),
    ("a day is before all years", "tariffs/first.toml", "in_force_from = 2026-01-01", "in_force_from = ▸0000-01-01", "date_invalid"),
    ("an identifier is capitalised", "beauty/all.toml", "id = \"mirror\"", "id = ▸\"Mirror\"", "id_invalid"),
];
