//! The statements of `queries/` under proof: hand-computed answers on two engines, a second computation by Polars, and
//! simulations that know the truth. What each does is told in `tests/sql/*.py`.

mod answers;
mod scripts;
