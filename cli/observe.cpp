// vpcwall observe: the live decisions of the running daemon, a line for each change of a flow's decision.
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>

#include "cli/control/control_socket.h"
#include "cli/control/event_stream.h"
#include "cli/text/observe_text.h"
#include "cli/text/shown.h"
#include "cli/verbs.h"
#include "control/observe_request.h"
#include "explain/explanation_text.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double default_seconds = 10;
constexpr double most_seconds = 1e9;

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

// Prints what the daemon says.
class Printer {
 public:
  explicit Printer(bool json) : json_(json), colour_(!json && ::isatty(STDOUT_FILENO) == 1), text_(colour_) {
    if (!json_) std::cout << text_.titles() << std::flush;
  }

  // Whether that was the last word.
  bool print(const std::string& line) {
    const nlohmann::ordered_json event = event_of(line);
    const bool last = event.at("event") == "end";
    if (json_) {
      std::cout << line << '\n';
      return last;
    }
    std::cout << text_.line(shown(event));
    if (event.contains("explanation"))
      std::cout << '\n' << explanation_text(event.at("explanation"), colour_) << '\n';
    if (last) std::cerr << ObserveText::summary(event);
    return last;
  }

 private:
  bool json_, colour_;
  ObserveText text_;
};

int observe(const ObserveOptions& options) {
  const nlohmann::json request = request_of(options);
  if (const auto readable = read_observe_request(request); !readable) {
    std::cerr << "vpcwall: " << readable.error() << '\n';
    return exit_status::bad_input;
  }
  const EndSignals signals;
  ControlStream stream(options.socket, request);
  const auto first = await_first_answer(stream, signals, options.socket);
  if (!first) return exit_status::ok;
  if (const auto error = error_in(first->json, "cannot be observed")) {
    std::cerr << "vpcwall: " << *error << '\n';
    return first->json.contains("unknown") ? exit_status::bad_input : exit_status::negative;
  }

  double seconds = options.seconds;
  if (seconds == 0 && !options.follow && options.count == 0) seconds = default_seconds;
  ControlStream::Deadline deadline;
  if (seconds > 0)
    deadline =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  Printer printer(options.json);
  const StreamEnd end = follow_events(stream, signals, deadline, first->line,
                                      [&printer](const std::string& line) { return printer.print(line); });
  if (end != StreamEnd::daemon_gone) return exit_status::ok;
  std::cerr << "vpcwall: vpcwalld has ended, and with it what it could tell\n";
  return exit_status::no_daemon;
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
