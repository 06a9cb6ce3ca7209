//! What a thing is called in the three languages of the service.
//!
//! Only names that a citizen sees. Identifiers are English and live with the thing itself.

/// A name in Kazakh, Russian and English, in the order in which the norms name the languages.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Names {
    /// Kazakh.
    pub kk: String,
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

impl Names {
    /// The three names, each copied from text.
    pub fn new(kk: &str, ru: &str, en: &str) -> Names {
        Names { kk: kk.to_owned(), ru: ru.to_owned(), en: en.to_owned() }
    }

    /// The name in a language (`"kk"`, `"ru"` or `"en"`), `None` for any other.
    ///
    /// ```
    /// let names = plate_algebra::Names::new("Алматы", "Алматы", "Almaty");
    /// assert_eq!(names.in_language("en"), Some("Almaty"));
    /// assert_eq!(names.in_language("de"), None);
    /// ```
    pub fn in_language(&self, language: &str) -> Option<&str> {
        match language {
            "kk" => Some(&self.kk),
            "ru" => Some(&self.ru),
            "en" => Some(&self.en),
            _ => None,
        }
    }
}
