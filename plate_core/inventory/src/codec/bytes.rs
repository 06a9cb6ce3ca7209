//! Reading and writing packed bytes: a cursor that cannot run past its end, and a buffer.

/// Bytes that are not what their layout says: damaged, cut, or of a later version.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("malformed {what} at byte {offset}")]
pub struct Malformed {
    /// Which part could not be read.
    pub what: &'static str,
    /// Where, in bytes from the beginning of what was given.
    pub offset: usize,
}

/// A text or list that does not fit the length its layout gives it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what} is {found} long, at most {limit} fit")]
pub struct TooLong {
    /// Which part.
    pub what: &'static str,
    /// How long it is, in bytes or items.
    pub found: usize,
    /// How long it may be.
    pub limit: usize,
}

/// A cursor over packed bytes.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// A fault at the present place.
    pub(crate) fn fault(&self, what: &'static str) -> Malformed {
        Malformed { what, offset: self.at }
    }

    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).ok_or_else(|| self.fault(what))?;
        let bytes = self.bytes.get(self.at..end).ok_or_else(|| self.fault(what))?;
        self.at = end;
        Ok(bytes)
    }

    /// The next `N` bytes, by value.
    pub(crate) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let fault = self.fault(what);
        self.take(N, what)?.try_into().map_err(|_| fault)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Malformed> {
        Ok(self.array::<1>(what)?[0])
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn i64(&mut self, what: &'static str) -> Result<i64, Malformed> {
        Ok(i64::from_le_bytes(self.array(what)?))
    }

    /// Six bytes as an unsigned number.
    pub(crate) fn u48(&mut self, what: &'static str) -> Result<u64, Malformed> {
        let [a, b, c, d, e, f] = self.array(what)?;
        Ok(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }

    /// Six bytes as milliseconds since the epoch.
    pub(crate) fn ms(&mut self, what: &'static str) -> Result<i64, Malformed> {
        // 48 bits always fit 63.
        Ok(i64::try_from(self.u48(what)?).unwrap_or(i64::MAX))
    }

    /// A length (u8) and that many bytes of UTF-8.
    pub(crate) fn text(&mut self, what: &'static str) -> Result<String, Malformed> {
        let length = usize::from(self.u8(what)?);
        self.utf8(length, what)
    }

    /// A length (u16) and a cursor over that many bytes.
    pub(crate) fn part(&mut self, what: &'static str) -> Result<Reader<'a>, Malformed> {
        let length = usize::from(self.u16(what)?);
        Ok(Reader::new(self.take(length, what)?))
    }

    /// What is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let bytes = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        bytes
    }

    /// What is left, as UTF-8.
    pub(crate) fn rest_utf8(&mut self, what: &'static str) -> Result<String, Malformed> {
        let length = self.bytes.len() - self.at;
        self.utf8(length, what)
    }

    fn utf8(&mut self, length: usize, what: &'static str) -> Result<String, Malformed> {
        let fault = self.fault(what);
        let bytes = self.take(length, what)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| fault)
    }

    /// Nothing may be left.
    pub(crate) fn end(&self, what: &'static str) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(self.fault(what)) }
    }
}

/// A buffer of packed bytes.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn i64(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Six bytes of an unsigned number; what is beyond 2⁴⁸ is held at the greatest that fits.
    pub(crate) fn u48(&mut self, value: u64) -> &mut Self {
        let [a, b, c, d, e, f, _, _] = value.min((1 << 48) - 1).to_le_bytes();
        self.bytes(&[a, b, c, d, e, f])
    }

    /// Six bytes of milliseconds since the epoch; what is before the epoch is held at 0.
    pub(crate) fn ms(&mut self, value: i64) -> &mut Self {
        self.u48(u64::try_from(value).unwrap_or(0))
    }

    /// A number in decimal digits.
    pub(crate) fn decimal(&mut self, value: u32) -> &mut Self {
        let mut digits = [0; 10];
        let (mut at, mut rest) = (digits.len(), value);
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            // A digit is below ten.
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            (at, rest) = (place, rest / 10);
            if rest == 0 {
                break;
            }
        }
        self.bytes(digits.get(at..).unwrap_or_default())
    }

    /// A length (u8) and the text.
    pub(crate) fn text(&mut self, text: &str, what: &'static str) -> Result<&mut Self, TooLong> {
        let length = u8::try_from(text.len()).map_err(|_| TooLong { what, found: text.len(), limit: 255 })?;
        Ok(self.u8(length).bytes(text.as_bytes()))
    }

    /// A length (u16).
    pub(crate) fn length(&mut self, found: usize, what: &'static str) -> Result<&mut Self, TooLong> {
        let length = u16::try_from(found).map_err(|_| TooLong { what, found, limit: 65_535 })?;
        Ok(self.u16(length))
    }

    /// A length (u16) and the bytes.
    pub(crate) fn part(&mut self, bytes: &[u8], what: &'static str) -> Result<&mut Self, TooLong> {
        Ok(self.length(bytes.len(), what)?.bytes(bytes))
    }
}
