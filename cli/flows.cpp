// vpcwall flows: the tracked flows, as the daemon tells them, part by part; none of it is kept here.
#include <chrono>
#include <iostream>
#include <limits>
#include <memory>

#include "cli/control/control_connection.h"
#include "cli/control/control_socket.h"
#include "cli/control/control_stream.h"
#include "cli/text/shown.h"
#include "cli/verbs.h"
#include "control/report_text.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::seconds patience{30};  // for the next part

struct FlowsOptions {
  std::string socket;
  bool json = false;
  bool all = false;
  std::uint64_t limit = 1000;
};

// One report, as if it had come in one piece.
class JsonPrinter {
 public:
  void begin(const ordered_json& first) {
    std::cout << "{\n  \"schema\": " << first.at("schema").dump()
              << ",\n  \"total\": " << first.at("total").dump() << ",\n  \"flows\": [";
  }
  void part(const ordered_json& flows) {
    for (const ordered_json& flow : flows) {
      std::cout << (is_first_ ? "\n" : ",\n") << indented(flow.dump(2));
      is_first_ = false;
    }
  }
  void end() const { std::cout << (is_first_ ? "]\n}\n" : "\n  ]\n}\n"); }

 private:
  static std::string indented(const std::string& text) {
    std::string result = "    ";
    for (const char letter : text) {
      result += letter;
      if (letter == '\n') result += "    ";
    }
    return result;
  }
  bool is_first_ = true;
};

// The next line, which has to come in time.
ordered_json next(ControlStream& stream, const std::string& socket) {
  const auto [what, line] = stream.next(std::chrono::steady_clock::now() + patience, -1);
  if (what == ControlStream::Next::What::end_of_stream) fail_unanswered(socket);
  if (what != ControlStream::Next::What::line)
    throw std::runtime_error("no answer from vpcwalld on " + socket + " in time");
  ordered_json json = ordered_json::parse(line, nullptr, false);
  if (!json.is_object()) throw std::runtime_error("what answers on " + socket + " is not vpcwalld");
  if (const auto error = json.find("error"); error != json.end())
    throw std::runtime_error(error->is_string() ? error->get<std::string>() : error->dump());
  return json;
}

int flows(const FlowsOptions& options) {
  const std::uint64_t limit = options.all ? std::numeric_limits<std::uint64_t>::max() : options.limit;
  ControlStream stream(options.socket, {{"verb", "flows"}, {"limit", limit}, {"parts", true}});
  const ordered_json first = next(stream, options.socket);
  JsonPrinter json;
  FlowsText text;
  const auto print = [&](const ordered_json& part) {
    if (options.json)
      json.part(part);
    else
      std::cout << text.part(shown(part));
  };
  if (options.json) json.begin(first);
  if (first.contains("flows")) {  // a daemon that is older than the command answers in one piece
    print(first.at("flows"));
  } else {
    for (;;) {
      const ordered_json line = next(stream, options.socket);
      if (line.at("event") == "end") break;
      print(line.at("flows"));
    }
  }
  if (options.json)
    json.end();
  else
    std::cout << text.end(first.at("total"));
  return exit_status::ok;
}

}  // namespace

void add_flows_verb(CLI::App& app, int& exit_status) {
  auto* verb = app.add_subcommand("flows", "The tracked flows");
  const auto options = std::make_shared<FlowsOptions>();
  add_socket_options(*verb, options->socket);
  verb->add_flag("--json", options->json, "Print JSON");
  auto* limit = verb->add_option("--limit", options->limit, "At most so many")->capture_default_str();
  verb->add_flag("--all", options->all, "All of them")->excludes(limit);
  verb->callback([options, &exit_status] { exit_status = flows(*options); });
}

}  // namespace vpcwall
