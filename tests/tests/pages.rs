//! The public pages in a real browser, over a real warehouse with a small release in which strangers have chosen names.

mod site;

use bufferlake_tests::browser::drive;

use self::site::Site;

// Aim: with JavaScript and without, people find, filter, sort, compare, download and follow what the pages offer.
#[test]
fn people_find_their_way() -> anyhow::Result<()> {
    let mut site = Site::open("pages-journey")?;
    drive("pages/journey.mjs", &site.facts)?;
    site.close()
}

// Aim: WCAG 2.2 AA as far as axe sees, on every page, on phone and desk, light and dark; the keyboard alone does everything;
// every chart has a name, a summary and a table; pictures of all of it are there to be looked at.
#[test]
fn everybody_can_read_them() -> anyhow::Result<()> {
    let mut site = Site::open("pages-access")?;
    drive("pages/access.mjs", &site.facts)?;
    site.close()
}

// Aim: names that strangers chose, and what visitors type, stay text on every page.
#[test]
fn no_name_is_markup() -> anyhow::Result<()> {
    let mut site = Site::open("pages-markup")?;
    drive("pages/markup.mjs", &site.facts)?;
    site.close()
}

// Aim: every page is valid HTML, light, cached, free of cookies and of links that lead nowhere, and described for machines.
#[test]
fn pages_have_manners() -> anyhow::Result<()> {
    let mut site = Site::open("pages-manners")?;
    drive("pages/manners.mjs", &site.facts)?;
    site.close()
}
