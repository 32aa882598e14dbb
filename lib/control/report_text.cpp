#include "control/report_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

// Columns as wide as their widest cell; numbers to the right.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  [[nodiscard]] std::string text() const {
    std::vector<std::size_t> widths;
    return text(widths);
  }
  // As the part of a table that comes after those with these widths, which grow with it; the first part,
  // which finds none, has the titles.
  [[nodiscard]] std::string text(std::vector<std::size_t>& widths) const {
    const bool is_first = widths.empty();
    widths.resize(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      widths[i] = std::max(widths[i], columns_[i].title.size());
      for (const auto& cells : rows_) widths[i] = std::max(widths[i], cells.at(i).size());
    }
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    std::string text = is_first ? line(titles, widths) : std::string();
    for (const auto& cells : rows_) text += line(cells, widths);
    return text;
  }

 private:
  [[nodiscard]] std::string line(const std::vector<std::string>& cells,
                                 const std::vector<std::size_t>& widths) const {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string pad(widths[i] - cells[i].size(), ' ');
      text += (i == 0 ? "" : "  ") + (columns_[i].right ? pad + cells[i] : cells[i] + pad);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + '\n';
  }

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

std::string number(const ordered_json& value) { return std::to_string(value.get<std::uint64_t>()); }

std::string ago(const ordered_json& value) {
  if (value.is_null()) return "never";
  const double seconds = value.get<double>();
  char text[32];
  if (seconds < 100)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else if (seconds < 6000)
    std::snprintf(text, sizeof text, "%.0f min", std::floor(seconds / 60));
  else
    std::snprintf(text, sizeof text, "%.0f h", std::floor(seconds / 3600));
  return text;
}

std::string endpoint(const ordered_json& flow, const char* address, const char* port) {
  std::string text = flow.at(address).get<std::string>();
  if (!flow.contains(port)) return text;
  if (text.find(':') != std::string::npos) text = '[' + text + ']';
  return text + ':' + number(flow.at(port));
}

// The equation, without the terms that are 0.
std::string packets_words(const ordered_json& conservation) {
  std::string text =
      number(conservation.at("handed")) + " handed over = " + number(conservation.at("judged")) + " judged";
  for (const auto& [key, words] :
       {std::pair("by_record", "passed like one that was judged"), std::pair("undecodable", "undecodable"),
        std::pair("queue_full", "lost, queue full"), std::pair("socket_full", "lost, socket full"),
        std::pair("abandoned", "abandoned by a process before"), std::pair("waiting", "waiting")})
    if (conservation.at(key) != 0) text += " + " + number(conservation.at(key)) + ' ' + words;
  if (const auto moving = conservation.at("in_flight").get<std::int64_t>(); moving != 0)
    text += (moving > 0 ? " + " : " - ") + std::to_string(moving > 0 ? moving : -moving) + " on their way";
  if (conservation.at("by_kernel") != 0)
    text += "; the kernel answered " + number(conservation.at("by_kernel")) + " more";
  return text;
}

// What is unusual about the policy in force; nothing where it is the policy file's.
std::string policy_words(const ordered_json& policy) {
  std::string text;
  if (policy.contains("unconfirmed")) {
    const double left = policy.at("unconfirmed").at("seconds_left").get<double>();
    text = "NOT CONFIRMED: goes again in " + std::to_string(static_cast<long>(std::ceil(left))) + " s";
  }
  if (policy.at("source") == "last-known-good")
    text += std::string(text.empty() ? "" : "; ") + "LAST KNOWN GOOD: the policy file has mistakes";
  return text;
}

std::string fast_path_words(const ordered_json& report) {
  const std::string mode = report.at("mode").get<std::string>();
  if (!report.at("active").get<bool>()) {
    if (!report.contains("reason")) return mode;
    return "not active (" + mode + "): " + report.at("reason").get<std::string>();
  }
  return "active (" + mode + "), " + number(report.at("flows").at("cached")) + " of " +
         number(report.at("flows").at("places")) + " flows, " + number(report.at("refusals").at("cached")) +
         " of " + number(report.at("refusals").at("places")) + " refusals";
}

}  // namespace

std::string status_text(const ordered_json& report) {
  std::string text = "vpcwalld " + report.at("version").get<std::string>() + ", process " +
                     number(report.at("pid")) + ", up " + ago(report.at("uptime_seconds")) + '\n';
  text += "policy      " + report.at("policy").get<std::string>() + ", generation " +
          number(report.at("generation")) + '\n';
  if (report.contains("policy_in_force"))
    if (const std::string words = policy_words(report.at("policy_in_force")); !words.empty())
      text += "POLICY      " + words + '\n';
  text += "hooks       " + report.at("mode").get<std::string>() + " mode, back end " +
          report.at("backend").get<std::string>() + ", fail " + report.at("fail_mode").get<std::string>() +
          '\n';
  if (report.contains("hooks") && report.at("hooks").at("reinstalled") != 0)
    text += "            somebody else removed or changed the rules; installed again " +
            number(report.at("hooks").at("reinstalled")) + " times\n";
  if (report.contains("awaited_devices"))
    for (const auto& device : report.at("awaited_devices"))
      text += "            there is no device " + device.get<std::string>() + " here; it is awaited\n";
  if (report.contains("management_bypass")) {
    std::string ports;
    for (const auto& port : report.at("management_bypass"))
      ports += (ports.empty() ? "" : ", ") + port.at("protocol").get<std::string>() + ' ' +
               number(port.at("port"));
    if (!ports.empty()) text += "BYPASS      " + ports + " of this host: NOT JUDGED (management_bypass)\n";
  }
  if (report.contains("test_clock"))
    text += "test clock  moved by " + ago(report.at("test_clock").at("offset_seconds")) + "; stands still\n";
  if (report.contains("observers") && report.at("observers") != 0)
    text += "observers   " + number(report.at("observers")) + '\n';
  text += "fast path   " + fast_path_words(report.at("fast_path")) + '\n';
  text += "flows       " + number(report.at("flows").at("active")) + " of " +
          number(report.at("flows").at("capacity")) + ", refused for room " +
          number(report.at("flows").at("refused")) + '\n';
  if (report.contains("conservation"))
    text += "packets     " + packets_words(report.at("conservation")) + '\n';
  text += '\n';
  Table table({{"QUEUE", true},
               {"RECEIVED", true},
               {"BURSTS", true},
               {"WAITING", true},
               {"KERNEL DROPS", true},
               {"USER DROPS", true}});
  for (const auto& queue : report.at("queues"))
    table.row({number(queue.at("number")), number(queue.at("received")), number(queue.at("bursts")),
               number(queue.at("waiting")), number(queue.at("kernel_dropped")),
               number(queue.at("user_dropped"))});
  return text + table.text();
}

std::string rules_text(const ordered_json& report) {
  Table rules({{"OWNER"},
               {"DIRECTION"},
               {"RULE"},
               {"MATCH"},
               {"PACKETS", true},
               {"BYTES", true},
               {"LAST HIT", true}});
  for (const auto& rule : report.at("rules")) {
    std::string name = rule.at("rule").get<std::string>();
    if (rule.at("kind") == "group-default") name = "implicit deny";
    if (!rule.at("active").get<bool>()) name += " (removed)";
    rules.row({rule.at("name").get<std::string>(), rule.at("direction").get<std::string>(), name,
               rule.at("text").get<std::string>(), number(rule.at("packets")), number(rule.at("bytes")),
               ago(rule.at("last_hit_seconds_ago"))});
  }
  Table gates({{"GATE"}, {"OUTCOME"}, {"PACKETS", true}, {"BYTES", true}, {"LAST HIT", true}});
  for (const auto& gate : report.at("gates"))
    gates.row({gate.at("gate").get<std::string>(), gate.at("outcome").get<std::string>(),
               number(gate.at("packets")), number(gate.at("bytes")), ago(gate.at("last_hit_seconds_ago"))});
  Table reasons({{"REASON"}, {"PACKETS", true}, {"BYTES", true}, {"LAST HIT", true}});
  for (const auto& reason : report.at("reasons"))
    if (reason.at("packets").get<std::uint64_t>() > 0)
      reasons.row({reason.at("reason").get<std::string>(), number(reason.at("packets")),
                   number(reason.at("bytes")), ago(reason.at("last_hit_seconds_ago"))});
  return rules.text() + '\n' + gates.text() + '\n' + reasons.text();
}

std::string FlowsText::part(const ordered_json& flows) {
  Table table({{"INTERFACE"},
               {"PROTOCOL"},
               {"LOCAL"},
               {"REMOTE"},
               {"OPENED"},
               {"STATE"},
               {"PACKETS", true},
               {"REPLIES", true},
               {"IDLE", true},
               {"EXPIRES", true}});
  for (const auto& flow : flows)
    table.row({flow.at("interface").get<std::string>(), flow.at("protocol").get<std::string>(),
               endpoint(flow, "local", "local_port"), endpoint(flow, "remote", "remote_port"),
               flow.at("opened").get<std::string>(), flow.at("state").get<std::string>(),
               number(flow.at("packets").at("original")), number(flow.at("packets").at("reply")),
               ago(flow.at("idle_seconds")), ago(flow.at("expires_in_seconds"))});
  shown_ += flows.size();
  return table.text(widths_);
}

std::string FlowsText::end(const ordered_json& total) {
  const std::string titles = widths_.empty() ? part(ordered_json::array()) : std::string();
  return titles + '\n' + std::to_string(shown_) + " of " + number(total) + " flows\n";
}

std::string flows_text(const ordered_json& report) {
  FlowsText text;
  const std::string table = text.part(report.at("flows"));
  return table + text.end(report.at("total"));
}

}  // namespace vpcwall
