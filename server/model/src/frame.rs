//! Frames: four bytes of length, little endian, then that many bytes of JSON.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest frame in bytes. Blocks are small; what is larger is no message of ours.
pub const MAX_FRAME: u32 = 16 * 1024 * 1024;

/// Why a frame cannot be read or written. The stream is of no use any more: the other side must be started anew.
#[derive(thiserror::Error, Debug)]
pub enum FrameError {
    /// The stream broke, also in the middle of a frame.
    #[error("the connection to the model host broke: {0}")]
    Io(#[from] io::Error),
    /// A frame longer than [`MAX_FRAME`].
    #[error("a message of {0} bytes is longer than the {MAX_FRAME} that are allowed")]
    TooLong(u64),
    /// A frame that is no message.
    #[error("a message cannot be understood: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Writes a message and flushes.
pub fn write_frame(to: &mut impl Write, message: &impl Serialize) -> Result<(), FrameError> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).ok().filter(|n| *n <= MAX_FRAME);
    let length = length.ok_or(FrameError::TooLong(body.len() as u64))?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&body)?;
    to.flush()?;
    Ok(())
}

/// Reads a message; `None` at the end of the stream between two frames. The length is checked before anything is allocated.
pub fn read_frame<T: DeserializeOwned>(from: &mut impl Read) -> Result<Option<T>, FrameError> {
    let mut length = [0; 4];
    let mut have = 0;
    while have < length.len() {
        match from.read(&mut length[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_FRAME {
        return Err(FrameError::TooLong(length.into()));
    }
    let mut body = vec![0; length as usize];
    from.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{BlockText, Priority, Reply, Request};

    #[test]
    fn messages_come_back_as_they_went() {
        let requests = [
            Request::Hello { protocol: crate::PROTOCOL },
            Request::Embed {
                id: 1,
                priority: Priority::Visible,
                deadline: Some(250),
                blocks: vec![BlockText { key: [7; 16], text: "fn f() {}\n// é😀".into() }],
            },
            Request::Cancel { id: 1 },
        ];
        let mut stream = Vec::new();
        for request in &requests {
            write_frame(&mut stream, request).expect("written");
        }
        let mut from = stream.as_slice();
        for request in requests {
            assert_eq!(read_frame::<Request>(&mut from).expect("read"), Some(request));
        }
        assert!(read_frame::<Request>(&mut from).expect("the end").is_none());
        let reply = Reply::Shares { id: 2, shares: vec![0.25, 0.75], covered: 0.5 };
        let mut stream = Vec::new();
        write_frame(&mut stream, &reply).expect("written");
        assert_eq!(read_frame::<Reply>(&mut stream.as_slice()).expect("read"), Some(reply));
    }

    #[test]
    fn broken_streams_are_errors() {
        let read = |bytes: &[u8]| read_frame::<Request>(&mut &bytes[..]);
        assert!(matches!(read(&[1, 0]), Err(FrameError::Io(_))), "half a length");
        assert!(matches!(read(&[9, 0, 0, 0, b'{']), Err(FrameError::Io(_))), "half a body");
        assert!(
            matches!(read(&[255, 255, 255, 255]), Err(FrameError::TooLong(_))),
            "a length that would exhaust memory"
        );
        assert!(matches!(read(&[2, 0, 0, 0, b'{', b'}']), Err(FrameError::Malformed(_))), "no message");
    }
}
