//! The checks by name, and the sentence that each stands for.

/// The checks, in the order in which they run.
macro_rules! checks {
    ($($(#[$about:meta])* $check:ident = $name:literal, $claim:literal, $of:literal;)+) => {
        /// A check.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Check { $($(#[$about])* $check),+ }

        impl Check {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$check),+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$check => $name),+ }
            }

            /// What holds if it finds nothing.
            #[must_use]
            pub const fn claim(self) -> &'static str {
                match self { $(Self::$check => $claim),+ }
            }

            /// What it looks at.
            #[must_use]
            pub const fn of(self) -> &'static str {
                match self { $(Self::$check => $of),+ }
            }
        }
    };
}

checks! {
    /// The documents that lead to the release.
    Manifest = "manifest", "The release is found, and its manifest is the one that is announced.", "documents";
    /// Sizes and digests.
    Files = "files", "Every file is there, with the manifest's size and SHA-256.", "files";
    /// `SHA256SUMS`.
    Sums = "sums", "SHA256SUMS names exactly the files of the release, with the same digests.", "lines";
    /// Counts and ranges of days.
    Rows = "rows", "Every table file holds as many rows as the manifest says, of the days that it says.", "rows";
    /// Columns and types.
    Contracts = "contracts", "Every table has exactly the public columns of its contract, in order and type.", "files";
    /// Order and uniqueness.
    Grain = "grain", "Every table is sorted by its contract's grain, and no two rows are the same.", "rows";
    /// Texts.
    Addresses = "addresses", "No text is an address or holds one.", "different texts";
    /// Bins, policies, lists, parameters.
    Inputs = "inputs", "Bins, critical values, policies, parameters and lists are whole and agree with the manifest.", "inputs";
    /// The atoms of publication.
    Blocks = "blocks", "Every block and part holds ten votes or more; none overlap; parts, bins and grades add up.", "blocks";
    /// Single results.
    Results = "results", "The results of every month add up to its blocks, network by network.", "results";
    /// `rankings`.
    Rankings = "rankings", "The rankings come out of blocks and inputs, to the last digit.", "rows";
    /// `rankings_by_policy`.
    RankingsByPolicy = "rankings_by_policy", "The orders under each policy come out of blocks and inputs, to the last digit.", "rows";
    /// `latencies`.
    Latencies = "latencies", "The latencies come out of blocks and inputs, to the last digit.", "rows";
    /// `histograms`.
    Histograms = "histograms", "How votes spread over the latencies comes out of blocks and inputs, to the last vote.", "rows";
    /// `areas`.
    Areas = "areas", "Countries and the world come out of blocks and inputs, to the last digit.", "rows";
    /// `trends`.
    Trends = "trends", "The trends come out of blocks and inputs, to the last digit.", "rows";
    /// What no block tells.
    Provenance = "provenance", "What the warehouse states of the votes' origin has a sound form (no block can tell if it is true).", "rows";
}
