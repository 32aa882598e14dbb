#include "cli/text/observe_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "cli/text/packet_text.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

std::string clock_time(double seconds) {
  const double whole = std::floor(seconds);
  const auto since_1970 = static_cast<std::time_t>(whole);
  std::tm local{};
  ::localtime_r(&since_1970, &local);
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03d", local.tm_hour, local.tm_min, local.tm_sec,
                static_cast<int>((seconds - whole) * 1000));
  return text;
}

std::string decided_by(const ordered_json& event) {
  const ordered_json& gates = event.at("gates");
  std::string text;
  if (gates.empty()) {
    text = event.value("parse_error", event.at("reason").get<std::string>());
  } else if (event.at("verdict") == "drop") {
    text = gate_text(gates.back());
  } else {
    for (const auto& one : gates) text += (text.empty() ? "" : ", ") + gate_text(one);
  }
  const ordered_json& before = event.at("before");
  if (!before.is_null())
    text += "  (was " + before.at("verdict").get<std::string>() + ", " +
            before.at("reason").get<std::string>() +
            (before.contains("rule") ? ", " + before.at("rule").get<std::string>() : "") + ')';
  return text;
}

}  // namespace

std::string ObserveText::titles() const {
  static const Row names{"TIME", "VERDICT", "PROTOCOL", "SOURCE", "DESTINATION"};
  std::string text;
  for (std::size_t i = 0; i < columns; ++i)
    text += names.at(i) + std::string(widths_.at(i) + 2 - names.at(i).size(), ' ');
  return text + "DECIDED BY\n";
}

std::string ObserveText::line(const ordered_json& event) {
  const std::string kind = event.at("event").get<std::string>();
  if (kind == "missed")
    return note("missed " + grouped(event.at("count").get<std::uint64_t>()) +
                " decisions: more came than could be told");
  if (kind == "policy") {
    std::string text = "policy generation " + event.at("generation").dump() + " in force";
    for (const auto& sentence : event.at("unknown")) text += "; " + sentence.get<std::string>();
    return note(text);
  }
  if (kind != "decision" && kind != "repeat") return {};

  const ordered_json& packet = event.at("packet");
  Row cells{"", event.at("verdict") == "drop" ? "DROP" : "ACCEPT", "?", "?", "?"};
  if (!packet.is_null()) {
    cells[2] = protocol_text(packet);
    cells[3] = endpoint_text(packet, "source", "source_port");
    cells[4] = endpoint_text(packet, "destination", "destination_port");
  }
  if (kind == "repeat") return row(cells, "×" + grouped(event.at("count").get<std::uint64_t>()) + " more");
  cells[0] = clock_time(event.at("time").get<double>());
  return row(cells, decided_by(event));
}

std::string ObserveText::row(const Row& cells, const std::string& last) {
  std::string text;
  for (std::size_t i = 0; i < columns; ++i) {
    std::size_t& width = widths_.at(i);
    width = std::max(width, cells.at(i).size());
    const bool painted = colour_ && i == 1;
    if (painted) text += cells.at(i) == "DROP" ? "\033[31m" : "\033[32m";
    text += cells.at(i);
    if (painted) text += "\033[0m";
    text += std::string(width + 2 - cells.at(i).size(), ' ');
  }
  return text + last + '\n';
}

std::string ObserveText::note(const std::string& text) const {
  return (colour_ ? "\033[33m-- " : "-- ") + text + (colour_ ? "\033[0m\n" : "\n");
}

std::string ObserveText::summary(const ordered_json& end) {
  return grouped(end.at("decisions").get<std::uint64_t>()) +
         " decisions: " + grouped(end.at("told").get<std::uint64_t>()) + " told, " +
         grouped(end.at("repeated").get<std::uint64_t>()) + " repeated, " +
         grouped(end.at("missed").get<std::uint64_t>()) + " missed\n";
}

}  // namespace vpcwall
