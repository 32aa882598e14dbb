// Standard output, once everything has been printed: has it arrived?
//
// A reader that has gone away had what he wanted. That is no failure here: SIGPIPE would have ended the
// command, and whoever ignores SIGPIPE wants it to go on.
#pragma once

namespace vpcwall {

// Throws std::runtime_error when something was lost, std::system_error where it is known why.
void flush_standard_output();

}  // namespace vpcwall
