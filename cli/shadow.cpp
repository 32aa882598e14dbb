#include "cli/shadow.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <optional>

#include "cli/control/event_stream.h"
#include "cli/control/sealed_memory.h"
#include "cli/text/shadow_text.h"
#include "cli/text/shown.h"
#include "cli/verbs.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

// Prints what the daemon says, until its last word.
class Printer {
 public:
  explicit Printer(bool json) : json_(json), text_(!json && ::isatty(STDOUT_FILENO) == 1) {}

  // Whether that was the last word.
  bool print(const std::string& line) {
    const ordered_json event = event_of(line);
    if (json_)
      std::cout << line << '\n';
    else
      std::cout << text_.line(shown(event));
    if (event.at("event") != "end") return false;
    differs_ = event.at("differing").get<std::uint64_t>() > 0;
    if (!json_) std::cerr << ShadowText::summary(event);
    return true;
  }
  // Whether any verdict was another one; nothing before the last word.
  [[nodiscard]] std::optional<bool> differs() const noexcept { return differs_; }

 private:
  bool json_;
  ShadowText text_;
  std::optional<bool> differs_;
};

// What is wrong with the first answer; nothing when the trial has begun.
std::optional<int> refusal(const FirstAnswer& first, const ShadowTrial& trial) {
  if (const auto error = error_in(first.json, "cannot try a policy")) {
    std::cerr << "vpcwall: " << *error << '\n';
    return exit_status::bad_input;
  }
  for (const auto& line : shown(first.json.at("diagnostics"))) std::cerr << line.get<std::string>() << '\n';
  if (first.json.at("event") != "refused") return std::nullopt;
  if (trial.json) std::cout << first.line << '\n';
  std::cerr << "vpcwall: apply --shadow refused, nothing was tried\n";
  return exit_status::bad_input;
}

}  // namespace

int shadow(const ShadowTrial& trial) {
  const EndSignals signals;
  const OwnedDescriptor memory = sealed_memory(trial.text);
  ControlStream stream(trial.socket, {{"verb", "shadow"}, {"name", trial.name}}, memory.get());
  const auto first = await_first_answer(stream, signals, trial.socket);
  if (!first) {
    std::cerr << "vpcwall: interrupted before the trial began, nothing was tried\n";
    return exit_status::no_answer;
  }
  if (const auto status = refusal(*first, trial)) return *status;

  ControlStream::Deadline deadline;
  if (trial.seconds > 0) deadline = std::chrono::steady_clock::now() + std::chrono::seconds(trial.seconds);
  Printer printer(trial.json);
  switch (follow_events(stream, signals, deadline, first->line,
                        [&printer](const std::string& line) { return printer.print(line); })) {
    case StreamEnd::last_word: break;
    case StreamEnd::daemon_gone:
      std::cerr << "vpcwall: vpcwalld has ended, and with it the trial\n";
      return exit_status::no_daemon;
    case StreamEnd::cut_short:
      std::cerr << "vpcwall: ended before the daemon had told everything\n";
      return exit_status::no_answer;
  }
  return printer.differs().value_or(true) ? exit_status::negative : exit_status::ok;
}

}  // namespace vpcwall
