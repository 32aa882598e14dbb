// A conversation with the daemon in which it goes on telling: the first answer, then events, a JSON line
// each, until its last word, a signal, or a time that is over. Errors as of ControlClient.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/control/control_stream.h"
#include "cli/control/end_signals.h"

namespace vpcwall {

struct FirstAnswer {
  std::string line;
  nlohmann::json json;  // an object
};

// Nothing when a signal came before it. Throws std::runtime_error when it does not come in time, NoDaemon
// when the daemon ends before.
[[nodiscard]] std::optional<FirstAnswer> await_first_answer(ControlStream& stream, const EndSignals& signals,
                                                            const std::string& socket);

// What the answer says went wrong, if anything. A daemon that does not know the verb is older than the
// command and `cannot` do it: "cannot be observed".
[[nodiscard]] std::optional<std::string> error_in(const nlohmann::json& answer, const char* cannot);

// Throws std::runtime_error for a line that is none.
[[nodiscard]] nlohmann::ordered_json event_of(const std::string& line);

enum class StreamEnd {
  last_word,    // everything was told
  daemon_gone,  // the daemon ended before
  cut_short,    // a second signal, or a daemon that is too busy for its last words
};

// Has every line printed, `first` included; `print` says whether that was the last word. When `deadline` is
// there, or at a signal, the daemon is asked for what is left. Whoever reads our output sees each line while
// it is news.
[[nodiscard]] StreamEnd follow_events(ControlStream& stream, const EndSignals& signals,
                                      ControlStream::Deadline deadline, const std::string& first,
                                      const std::function<bool(const std::string& line)>& print);

}  // namespace vpcwall
