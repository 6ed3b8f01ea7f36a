//! The words that tables hold instead of numbers: each is one of a few, and everything else is an error.

/// An enumeration whose members have names in the tables.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $member:ident = $text:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$what])* $member),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// Reads the word as a table has it.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$member),)+ _ => None }
            }

            /// The word as a table has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$member => $text),+ }
            }
        }
    };
}

words! {
    /// Kind of test.
    TestType {
        /// One client: latency was measured.
        Single = "single",
        /// Several clients at once: only grades are reported.
        Household = "household",
    }
}

words! {
    /// Hours of a part of a block, or of what is added up.
    Hours {
        /// All hours.
        All = "all",
        /// 19 to 23 h by the standard time of the country.
        Peak = "peak",
        /// The others.
        OffPeak = "off_peak",
        /// A part that could not be divided by hours.
        Unsplit = "unsplit",
    }
}

words! {
    /// Which latency increase.
    Quantity {
        /// The mean of download and upload: single tests are ranked by it.
        Working = "working",
        /// While downloading.
        Download = "download",
        /// While uploading.
        Upload = "upload",
        /// While doing both.
        Bidirectional = "bidirectional",
    }
}

words! {
    /// A letter grade, best first.
    Grade {
        /// The best.
        APlus = "A+",
        /// A.
        A = "A",
        /// B.
        B = "B",
        /// C.
        C = "C",
        /// D.
        D = "D",
        /// The worst.
        F = "F",
    }
}

impl Grade {
    /// Its place among the grades, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// The policy of household tests: the grade as the client reported it.
pub const REPORTED: &str = "reported";
