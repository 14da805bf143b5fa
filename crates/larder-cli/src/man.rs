//! `larder man`: the manual page.

use clap_mangen::Man;

use crate::failure::Failure;
use crate::say::write;

/// Writes the page: the command, then each of its commands.
pub(crate) fn run(mut command: clap::Command) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot make the page: {error}"));
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone())
        .render(&mut page)
        .map_err(failed)?;
    for part in command
        .get_subcommands()
        .filter(|part| part.get_name() != "help")
    {
        let title = format!(".SH LARDER {}\n", part.get_name().to_uppercase());
        page.extend_from_slice(title.as_bytes());
        let man = Man::new(part.clone());
        man.render_synopsis_section(&mut page).map_err(failed)?;
        man.render_description_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
    }
    write(&String::from_utf8_lossy(&page));
    Ok(true)
}
