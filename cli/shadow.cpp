#include "cli/shadow.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "cli/control_client.h"
#include "cli/control_stream.h"
#include "cli/end_signals.h"
#include "cli/sealed_memory.h"
#include "cli/shadow_text.h"
#include "cli/verbs.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;
using What = ControlStream::Next::What;
using nlohmann::ordered_json;

constexpr std::chrono::seconds patience{30};  // for the first answer, and for what is left at the end

// Prints what the daemon says, until its last word.
class Printer {
 public:
  explicit Printer(bool json) : json_(json), text_(!json && ::isatty(STDOUT_FILENO) == 1) {}

  void print(const std::string& line) {
    const auto event = ordered_json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("event"))
      throw std::runtime_error("the daemon sent a line that is no event: " + line.substr(0, 80));
    if (json_)
      std::cout << line << '\n';
    else
      std::cout << text_.line(event);
    if (event.at("event") != "end") return;
    differs_ = event.at("differing").get<std::uint64_t>() > 0;
    if (!json_) std::cerr << ShadowText::summary(event);
  }
  // Whoever reads our output sees each line while it is news.
  static void flush() {
    if (!std::cout.flush())
      throw std::system_error(errno, std::generic_category(), "writing to standard output");
  }
  // Whether any verdict was another one; nothing before the last word.
  [[nodiscard]] std::optional<bool> differs() const noexcept { return differs_; }

 private:
  bool json_;
  ShadowText text_;
  std::optional<bool> differs_;
};

// What is wrong with the first line; nothing when the trial has begun.
std::optional<int> refusal(const ControlStream::Next& first, const ShadowTrial& trial) {
  if (first.what == What::interrupted) return exit_status::ok;
  if (first.what == What::deadline)
    throw std::runtime_error("no answer from vpcwalld on " + trial.socket + " in time");
  const auto answer = nlohmann::json::parse(first.line, nullptr, false);
  if (!answer.is_object()) throw std::runtime_error("what answers on " + trial.socket + " is not vpcwalld");
  if (const auto error = answer.find("error"); error != answer.end()) {
    std::string text = error->is_string() ? error->get<std::string>() : error->dump();
    if (text.starts_with("unknown verb"))
      text = "this vpcwalld is older than the command and cannot try a policy; update and restart it";
    std::cerr << "vpcwall: " << text << '\n';
    return exit_status::bad_input;
  }
  for (const auto& line : answer.at("diagnostics")) std::cerr << line.get<std::string>() << '\n';
  if (answer.at("event") != "refused") return std::nullopt;
  if (trial.json) std::cout << first.line << '\n';
  std::cerr << "vpcwall: apply --shadow refused, nothing was tried\n";
  return exit_status::bad_input;
}

}  // namespace

int shadow(const ShadowTrial& trial) {
  const EndSignals signals;
  const OwnedDescriptor memory = sealed_memory(trial.text);
  ControlStream stream(trial.socket, {{"verb", "shadow"}, {"name", trial.name}}, memory.get());
  const ControlStream::Next first = stream.next(Clock::now() + patience, signals.descriptor());
  if (const auto status = refusal(first, trial)) return *status;

  ControlStream::Deadline deadline;
  if (trial.seconds > 0) deadline = Clock::now() + std::chrono::seconds(trial.seconds);
  Printer printer(trial.json);
  printer.print(first.line);
  Printer::flush();
  bool finishing = false;
  while (!printer.differs()) {
    const ControlStream::Next next = stream.next(deadline, signals.descriptor());
    switch (next.what) {
      case What::line:
        printer.print(next.line);
        if (!stream.has_line()) Printer::flush();
        break;
      case What::end_of_stream:
        Printer::flush();
        std::cerr << "vpcwall: vpcwalld has ended, and with it the trial\n";
        return exit_status::no_daemon;
      case What::interrupted: signals.take(); [[fallthrough]];
      case What::deadline:
        if (finishing) {  // a second signal, or a daemon that is too busy for its last words
          std::cerr << "vpcwall: ended before the daemon had told everything\n";
          return exit_status::negative;
        }
        finishing = true;
        stream.finish();
        deadline = Clock::now() + patience;
    }
  }
  Printer::flush();
  return *printer.differs() ? exit_status::negative : exit_status::ok;
}

}  // namespace vpcwall
