#include "observe/decision_filter.h"

#include <array>
#include <optional>
#include <string_view>

#include "policy/nearest_word.h"

namespace vpcwall {
namespace {

constexpr std::array<std::string_view, 10> keys{"denied",   "interface", "group",  "acl",         "rule",
                                                "protocol", "port",      "source", "destination", "cidr"};

std::string known_keys() {
  std::string text;
  for (const std::string_view key : keys) text += (text.empty() ? "" : ", ") + std::string(key);
  return text;
}

std::optional<Prefix> read_range(std::string_view text) {
  if (const auto address = parse_address(text)) return host_prefix(*address);
  return parse_prefix(text);
}

std::string shown(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, 60);
}

// Reads key after key; the first mistake is kept.
class Reader {
 public:
  explicit Reader(const nlohmann::json& json) : json_(json) {}

  void flag(const char* key, bool& value) {
    const auto found = json_.find(key);
    if (found == json_.end()) return;
    if (found->is_boolean())
      value = found->get<bool>();
    else
      fail(key, *found, "true or false");
  }

  void names(const char* key, std::vector<std::string>& into) {
    each(key, "a name or an id", [&](const std::string& text) {
      if (text.empty()) return false;
      into.push_back(text);
      return true;
    });
  }

  template <class Value, class Parse>
  void values(const char* key, const char* expected, std::vector<Value>& into, Parse&& parse) {
    each(key, expected, [&](const std::string& text) {
      const auto value = parse(text);
      if (value) into.push_back(*value);
      return value.has_value();
    });
  }

  [[nodiscard]] const std::string& mistake() const noexcept { return mistake_; }

 private:
  template <class Take>
  void each(const char* key, const char* expected, Take&& take) {
    const auto found = json_.find(key);
    if (found == json_.end()) return;
    const nlohmann::json list = found->is_array() ? *found : nlohmann::json::array({*found});
    if (list.size() > most_filter_values) {
      if (mistake_.empty())
        mistake_ = "more than " + std::to_string(most_filter_values) + " values for \"" + key + '"';
      return;
    }
    for (const nlohmann::json& value : list) {
      const auto* text = value.get_ptr<const nlohmann::json::string_t*>();
      if (text == nullptr || text->size() > longest_filter_value || !take(*text)) fail(key, value, expected);
    }
  }

  void fail(const char* key, const nlohmann::json& found, const char* expected) {
    if (mistake_.empty()) mistake_ = "found " + shown(found) + " for \"" + key + "\", expected " + expected;
  }

  const nlohmann::json& json_;
  std::string mistake_;
};

std::string unknown_key(const nlohmann::json& json) {
  for (const auto& item : json.items()) {
    bool known = false;
    NearestWord nearest(item.key());
    for (const std::string_view key : keys) {
      known |= key == item.key();
      nearest.offer(key);
    }
    if (known) continue;
    const std::string hint =
        nearest.best() ? "; did you mean \"" + *nearest.best() + "\"?" : "; expected one of " + known_keys();
    return "unknown filter \"" + item.key().substr(0, 40) + '"' + hint;
  }
  return {};
}

}  // namespace

Expected<DecisionFilter, std::string> read_filter(const nlohmann::json& json) {
  if (!json.is_object()) return Unexpected{"found " + shown(json) + " for a filter, expected an object"};
  if (std::string mistake = unknown_key(json); !mistake.empty()) return Unexpected{std::move(mistake)};
  DecisionFilter filter;
  Reader reader(json);
  reader.flag("denied", filter.denied);
  reader.names("interface", filter.interfaces);
  reader.names("group", filter.groups);
  reader.names("acl", filter.acls);
  reader.names("rule", filter.rules);
  reader.values("protocol", "tcp, udp, icmp, icmpv6 or a number from 0 to 255", filter.protocols,
                [](const std::string& text) { return parse_protocol(text); });
  reader.values("port", "a port or a range of ports such as 1024-65535", filter.ports, parse_port_range);
  constexpr const char* range = "an address or a range such as 10.0.0.0/16";
  reader.values("source", range, filter.sources, read_range);
  reader.values("destination", range, filter.destinations, read_range);
  reader.values("cidr", range, filter.either_end, read_range);
  if (!reader.mistake().empty()) return Unexpected{reader.mistake()};
  return filter;
}

}  // namespace vpcwall
