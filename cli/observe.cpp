// vpcwall observe: the live decisions of the running daemon, a line for each change of a flow's decision.
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <iostream>
#include <memory>
#include <system_error>

#include "cli/control_client.h"
#include "cli/control_socket.h"
#include "cli/control_stream.h"
#include "cli/end_signals.h"
#include "cli/observe_text.h"
#include "cli/verbs.h"
#include "control/observe_request.h"
#include "explain/explanation_text.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double default_seconds = 10;
constexpr double most_seconds = 1e9;
constexpr std::chrono::seconds patience{30};  // for the first answer, and for what is left at the end

struct ObserveOptions {
  std::string socket;
  bool denied = false, follow = false, explain = false, json = false;
  std::vector<std::string> interfaces, groups, acls, rules, protocols, ports, sources, destinations, cidrs;
  std::string fast_path = "flows";
  double seconds = 0;  // 0: not given
  std::uint64_t count = 0;
  std::uint64_t repeats_every = 10;
};

nlohmann::json filter_of(const ObserveOptions& options) {
  nlohmann::json filter = nlohmann::json::object();
  if (options.denied) filter["denied"] = true;
  const auto add = [&filter](const char* key, const std::vector<std::string>& values) {
    if (!values.empty()) filter[key] = values;
  };
  add("interface", options.interfaces);
  add("group", options.groups);
  add("acl", options.acls);
  add("rule", options.rules);
  add("protocol", options.protocols);
  add("port", options.ports);
  add("source", options.sources);
  add("destination", options.destinations);
  add("cidr", options.cidrs);
  return filter;
}

nlohmann::json request_of(const ObserveOptions& options) {
  nlohmann::json request{{"verb", "observe"},
                         {"filter", filter_of(options)},
                         {"fast_path", options.fast_path},
                         {"explain", options.explain},
                         {"repeats_every", options.repeats_every}};
  if (options.count > 0) request["count"] = options.count;
  return request;
}

// Prints what the daemon says; knows whether it has said its last word.
class Printer {
 public:
  explicit Printer(bool json) : json_(json), colour_(!json && ::isatty(STDOUT_FILENO) == 1), text_(colour_) {
    if (!json_) std::cout << text_.titles() << std::flush;
  }

  void print(const std::string& line) {
    const auto event = nlohmann::ordered_json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("event"))
      throw std::runtime_error("the daemon sent a line that is no event: " + line.substr(0, 80));
    ended_ = event.at("event") == "end";
    if (json_) {
      std::cout << line << '\n';
      return;
    }
    std::cout << text_.line(event);
    if (event.contains("explanation"))
      std::cout << '\n' << explanation_text(event.at("explanation"), colour_) << '\n';
    if (ended_) std::cerr << ObserveText::summary(event);
  }
  // Whoever reads our output sees each line while it is news.
  static void flush() {
    if (!std::cout.flush())
      throw std::system_error(errno, std::generic_category(), "writing to standard output");
  }
  [[nodiscard]] bool has_ended() const noexcept { return ended_; }

 private:
  bool json_, colour_;
  ObserveText text_;
  bool ended_ = false;
};

// What is wrong with the first line; nothing when the observation has begun.
std::optional<int> refusal(const ControlStream::Next& first, const std::string& socket) {
  using What = ControlStream::Next::What;
  if (first.what == What::interrupted) return exit_status::ok;
  if (first.what == What::deadline)
    throw std::runtime_error("no answer from vpcwalld on " + socket + " in time");
  const auto answer = nlohmann::json::parse(first.line, nullptr, false);
  if (!answer.is_object()) throw std::runtime_error("what answers on " + socket + " is not vpcwalld");
  const auto error = answer.find("error");
  if (error == answer.end()) return std::nullopt;
  std::string text = error->is_string() ? error->get<std::string>() : error->dump();
  if (text.starts_with("unknown verb"))
    text = "this vpcwalld is older than the command and cannot be observed; update and restart it";
  std::cerr << "vpcwall: " << text << '\n';
  return answer.contains("unknown") ? exit_status::bad_input : exit_status::negative;
}

int follow(ControlStream& stream, const EndSignals& signals, ControlStream::Deadline deadline, bool json,
           const std::string& first) {
  using What = ControlStream::Next::What;
  Printer printer(json);
  printer.print(first);
  Printer::flush();
  bool finishing = false;
  while (!printer.has_ended()) {
    const ControlStream::Next next = stream.next(deadline, signals.descriptor());
    switch (next.what) {
      case What::line:
        printer.print(next.line);
        if (!stream.has_line()) Printer::flush();
        break;
      case What::end_of_stream:
        Printer::flush();
        std::cerr << "vpcwall: vpcwalld has ended, and with it what it could tell\n";
        return exit_status::no_daemon;
      case What::interrupted: signals.take(); [[fallthrough]];
      case What::deadline:
        if (finishing)
          return exit_status::ok;  // a second signal, or a daemon that is too busy for its last words
        finishing = true;
        stream.finish();
        deadline = Clock::now() + patience;
    }
  }
  Printer::flush();
  return exit_status::ok;
}

int observe(const ObserveOptions& options) {
  const nlohmann::json request = request_of(options);
  if (const auto readable = read_observe_request(request); !readable) {
    std::cerr << "vpcwall: " << readable.error() << '\n';
    return exit_status::bad_input;
  }
  const EndSignals signals;
  ControlStream stream(options.socket, request);
  const ControlStream::Next first = stream.next(Clock::now() + patience, signals.descriptor());
  if (const auto status = refusal(first, options.socket)) return *status;

  double seconds = options.seconds;
  if (seconds == 0 && !options.follow && options.count == 0) seconds = default_seconds;
  ControlStream::Deadline deadline;
  if (seconds > 0)
    deadline =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  return follow(stream, signals, deadline, options.json, first.line);
}

void add_filters(CLI::App& verb, ObserveOptions& options) {
  verb.add_flag("--denied", options.denied, "Only what is dropped");
  verb.add_option("--interface", options.interfaces, "Met a gate of this interface");
  verb.add_option("--group", options.groups,
                  "Decided by a rule, or the implicit deny, of this security group");
  verb.add_option("--acl", options.acls, "Decided by an entry of this network ACL");
  verb.add_option("--rule", options.rules, "Decided by this entry number, * or group rule");
  verb.add_option("--protocol", options.protocols, "tcp, udp, icmp, icmpv6 or a number");
  verb.add_option("--port", options.ports, "A port of either end, or a range: 1024-65535");
  verb.add_option("--source", options.sources, "From this address or range");
  verb.add_option("--destination", options.destinations, "To this address or range");
  verb.add_option("--cidr", options.cidrs, "From or to this address or range");
}

}  // namespace

void add_observe_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("observe", "Watch the decisions of the running daemon as they change");
  const auto options = std::make_shared<ObserveOptions>();
  add_socket_options(*verb, options->socket);
  add_filters(*verb, *options);
  verb->add_flag("-f,--follow", options->follow, "Go on until interrupted");
  verb->add_option("--for", options->seconds, "End after so many seconds; 10 unless --follow or --count")
      ->check(CLI::Range(0.001, most_seconds));
  verb->add_option("--count", options->count, "End after so many lines of decisions")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62U));
  verb->add_flag("--explain", options->explain, "Explain each new drop in full");
  verb->add_option("--fast-path", options->fast_path,
                   "What the kernel goes on answering by itself: on, flows or off")
      ->check(CLI::IsMember({"on", "flows", "off"}))
      ->capture_default_str();
  verb->add_option("--repeats-every", options->repeats_every, "Seconds between two counts of repeats")
      ->check(CLI::Range(std::uint64_t{1}, longest_repeats_every))
      ->capture_default_str();
  verb->add_flag("--json", options->json, "Print JSON, a line for each event");
  verb->callback([options, &exit_status] { exit_status = observe(*options); });
}

}  // namespace vpcwall
