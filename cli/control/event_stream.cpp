#include "cli/control/event_stream.h"

#include <cerrno>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "cli/control/control_connection.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;
using What = ControlStream::Next::What;

constexpr std::chrono::seconds patience{30};  // for the first answer, and for what is left at the end

void flush() {
  if (!std::cout.flush())
    throw std::system_error(errno, std::generic_category(), "writing to standard output");
}

}  // namespace

std::optional<FirstAnswer> await_first_answer(ControlStream& stream, const EndSignals& signals,
                                              const std::string& socket) {
  ControlStream::Next first = stream.next(Clock::now() + patience, signals.descriptor());
  if (first.what == What::interrupted) return std::nullopt;
  if (first.what == What::end_of_stream) fail_unanswered(socket);
  if (first.what == What::deadline)
    throw std::runtime_error("no answer from vpcwalld on " + socket + " in time");
  auto json = nlohmann::json::parse(first.line, nullptr, false);
  if (!json.is_object()) throw std::runtime_error("what answers on " + socket + " is not vpcwalld");
  return FirstAnswer{std::move(first.line), std::move(json)};
}

std::optional<std::string> error_in(const nlohmann::json& answer, const char* cannot) {
  const auto error = answer.find("error");
  if (error == answer.end()) return std::nullopt;
  std::string text = error->is_string() ? error->get<std::string>() : error->dump();
  if (text.starts_with("unknown verb"))
    text = std::string("this vpcwalld is older than the command and ") + cannot + "; update and restart it";
  return text;
}

nlohmann::ordered_json event_of(const std::string& line) {
  auto event = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("event"))
    throw std::runtime_error("the daemon sent a line that is no event: " + line.substr(0, 80));
  return event;
}

StreamEnd follow_events(ControlStream& stream, const EndSignals& signals, ControlStream::Deadline deadline,
                        const std::string& first, const std::function<bool(const std::string& line)>& print) {
  bool ended = print(first);
  flush();
  bool finishing = false;
  while (!ended) {
    const ControlStream::Next next = stream.next(deadline, signals.descriptor());
    switch (next.what) {
      case What::line:
        ended = print(next.line);
        if (!stream.has_line()) flush();
        break;
      case What::end_of_stream: flush(); return StreamEnd::daemon_gone;
      case What::interrupted: signals.take(); [[fallthrough]];
      case What::deadline:
        if (finishing) return StreamEnd::cut_short;
        finishing = true;
        stream.finish();
        deadline = Clock::now() + patience;
    }
  }
  flush();
  return StreamEnd::last_word;
}

}  // namespace vpcwall
