//! Looks at archives: whether a file is one, and how old what is in it is.

/// The size of a block of a tar archive.
const BLOCK: usize = 512;

/// Tells by its first bytes whether a file is an archive: compressed, or a tar.
pub(super) fn is_archive(head: &[u8]) -> bool {
    const BZIP2: &[u8] = b"BZh";
    const GZIP: &[u8] = &[0x1F, 0x8B, 0x08];
    const XZ: &[u8] = &[0xFD, b'7', b'z', b'X', b'Z', 0];
    [BZIP2, GZIP, XZ].iter().any(|magic| head.starts_with(magic)) || head.get(..BLOCK).is_some_and(is_header)
}

/// Returns the time of the newest file of a tar archive, in seconds since 1970; nothing if it holds no file, or is
/// no such archive to its end.
pub(super) fn newest_file(mut data: &[u8]) -> Option<i64> {
    let mut newest = None;
    // Set by an extended header, for the next file.
    let mut own_time = None;
    while let Some(header) = data.get(..BLOCK) {
        if header.iter().all(|&byte| byte == 0) {
            return newest;
        }
        if !is_header(header) {
            return None;
        }
        let size = usize::try_from(number(&header[124..136])?).ok()?;
        let content = data.get(BLOCK..BLOCK.checked_add(size)?)?;
        match header[156] {
            b'x' => own_time = time_of_records(content).or(own_time),
            // What holds for all files, and long names, say nothing about the time of one.
            b'g' | b'L' | b'K' => {}
            kind => {
                let time = own_time.take().or_else(|| number(&header[136..148]));
                let is_file = matches!(kind, b'0' | 0 | b'7');
                newest = newest.max(time.filter(|_| is_file));
            }
        }
        data = data.get(BLOCK + size.div_ceil(BLOCK) * BLOCK..).unwrap_or_default();
    }
    newest
}

/// Tells whether a block is a header: the sum over its bytes is the one it names.
fn is_header(block: &[u8]) -> bool {
    const SUM: std::ops::Range<usize> = 148..156;
    let Some(wanted) = number(&block[SUM]) else { return false };
    let rest = block.iter().enumerate().map(|(at, &byte)| if SUM.contains(&at) { b' ' } else { byte });
    let unsigned: i64 = rest.clone().map(i64::from).sum();
    // Some old programs took bytes for numbers with a sign.
    let signed: i64 = rest.map(|byte| i64::from(byte as i8)).sum();
    unsigned != i64::from(b' ') * 8 && (wanted == unsigned || wanted == signed)
}

/// Reads a number: octal digits, or binary if the first bit is set.
fn number(field: &[u8]) -> Option<i64> {
    if field[0] & 0x80 != 0 {
        let is_negative = field[0] & 0x40 != 0;
        let start = if is_negative { -1 } else { 0 };
        let mut bytes = field.iter().copied();
        let first = bytes.next().map(|byte| if is_negative { byte } else { byte & 0x7F });
        return first
            .into_iter()
            .chain(bytes)
            .try_fold(start, |sum: i64, byte| sum.checked_mul(256).map(|sum| sum | i64::from(byte)));
    }
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches([' ', '\0']);
    if digits.is_empty() { Some(0) } else { i64::from_str_radix(digits, 8).ok() }
}

/// Returns the time of modification that the records of an extended header name: `LENGTH mtime=SECONDS.FRACTION`.
fn time_of_records(mut records: &[u8]) -> Option<i64> {
    let mut time = None;
    while !records.is_empty() {
        let space = records.iter().position(|&byte| byte == b' ')?;
        let length: usize = std::str::from_utf8(&records[..space]).ok()?.parse().ok()?;
        let record = std::str::from_utf8(records.get(space + 1..length)?).ok()?;
        if let Some(value) = record.strip_prefix("mtime=") {
            let seconds = value.trim_end().split('.').next().unwrap_or_default();
            time = seconds.parse().ok();
        }
        records = records.get(length.max(1)..)?;
    }
    time
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::plan) fn header(kind: u8, size: usize, time: &str) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..4].copy_from_slice(b"file");
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[136..136 + time.len()].copy_from_slice(time.as_bytes());
        block[156] = kind;
        with_sum(block, i64::from)
    }

    fn with_sum(mut block: Vec<u8>, as_number: fn(u8) -> i64) -> Vec<u8> {
        block[148..156].fill(b' ');
        let sum: i64 = block.iter().map(|&byte| as_number(byte)).sum();
        block[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        block
    }

    fn content(text: &str) -> Vec<u8> {
        let mut block = text.as_bytes().to_vec();
        block.resize(block.len().div_ceil(BLOCK) * BLOCK, 0);
        block
    }

    #[test]
    fn archives_are_told_by_their_first_bytes() {
        assert!(is_archive(&[0x1F, 0x8B, 0x08, 0]));
        assert!(is_archive(b"BZh9"));
        assert!(is_archive(&header(b'0', 0, "17")));
        assert!(!is_archive(b"FROM alpine"));
        assert!(!is_archive(&[0; 1024]));
        assert!(!is_archive(&[b' '; 512]));
        let mut broken = header(b'0', 0, "17");
        broken[0] = b'g';
        assert!(!is_archive(&broken));
    }

    #[test]
    fn the_newest_file_counts() {
        let archive = [
            header(b'5', 0, "777"),
            header(b'0', 3, "20"),
            content("abc"),
            header(b'0', 0, "17"),
            vec![0; 1024],
        ]
        .concat();
        assert_eq!(newest_file(&archive), Some(0o20));
        assert_eq!(newest_file(b""), None);
        assert_eq!(newest_file(&[b'x'; 600]), None);
    }

    #[test]
    fn an_extended_header_has_its_say() {
        let record = "20 mtime=1700000.5\n\n";
        let archive =
            [header(b'x', record.len(), "0"), content(record), header(b'0', 0, "17"), vec![0; 1024]].concat();
        assert_eq!(newest_file(&archive), Some(1_700_000));
    }

    #[test]
    fn a_sum_may_take_bytes_for_numbers_with_a_sign() {
        let mut block = header(b'0', 0, "17");
        block[..4].fill(0xE9);
        assert!(is_archive(&with_sum(block.clone(), i64::from)));
        assert!(is_archive(&with_sum(block, |byte| i64::from(byte as i8))));
        // Nothing but a sum is no header, however right it is.
        assert!(!is_archive(&with_sum(vec![0; BLOCK], i64::from)));
    }

    #[test]
    fn numbers_may_be_binary() {
        assert_eq!(number(&[0x80, 0, 1, 2]), Some(0x102));
        assert_eq!(number(&[0x81, 0]), Some(0x100));
        assert_eq!(number(&[0xFF, 0xFF, 0xFE]), Some(-2));
        assert_eq!(number(&[0x80, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(number(b"0000017 "), Some(0o17));
        assert_eq!((number(b" \0"), number(b"8")), (Some(0), None));
    }
}
