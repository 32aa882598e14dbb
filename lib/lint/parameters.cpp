#include "lint/parameters.h"

#include <algorithm>

#include "policy/nearest_word.h"
#include "policy/reporter.h"
#include "policy/yaml_reader.h"

namespace vpcwall {
namespace {

std::optional<std::vector<PortRange>> read_ranges(std::string_view text) {
  std::vector<PortRange> ranges;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto range = parse_port_range(text.substr(0, comma));
    if (!range) return std::nullopt;
    ranges.push_back(*range);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return ranges;
}

std::string capitals(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return result;
}

bool is_number(std::string_view text, std::uint32_t most) {
  const auto number = parse_number(text);
  return number && *number >= 1 && *number <= most;
}

// What a value must look like, or nothing when it does.
std::string_view expected_instead(CheckParameter::Kind kind, std::string_view text) {
  using Kind = CheckParameter::Kind;
  const std::string word = capitals(text);
  switch (kind) {
    case Kind::port: return parse_port(text) ? "" : "a port from 0 to 65535";
    case Kind::ports: return read_ranges(text) ? "" : "ports and ranges like 80,443,1020-1025";
    case Kind::number: return is_number(text, 1'000'000) ? "" : "a number from 1 to 1000000";
    case Kind::percent: return is_number(text, 100) ? "" : "a number from 1 to 100";
    case Kind::protocol: return word == "TCP" || word == "UDP" || word == "ALL" ? "" : "TCP, UDP or ALL";
    case Kind::family: return word == "IPV4" || word == "IPV6" || word == "ALL" ? "" : "IPv4, IPv6 or ALL";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

const CheckParameter* parameter_of(const Check& check, std::string_view name) {
  const auto found = std::find_if(check.parameters.begin(), check.parameters.end(),
                                  [&](const CheckParameter& one) { return one.name == name; });
  return found == check.parameters.end() ? nullptr : &*found;
}

std::string unknown_parameter(std::string_view name) {
  NearestWord nearest(name);
  for (const Check& check : checks())
    for (const CheckParameter& parameter : check.parameters) nearest.offer(parameter.name);
  return "found the parameter " + quoted(name) + ", which no such check has" +
         (nearest.best() ? "; did you mean " + quoted(*nearest.best()) + '?' : std::string{});
}

}  // namespace

std::optional<std::string> Parameters::set(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos)
    return "found " + quoted(text) + ", expected NAME=VALUE or CHECK:NAME=VALUE";
  std::string_view name = text.substr(0, equals);
  const std::string_view value = text.substr(equals + 1);
  const Check* only = nullptr;
  if (const auto colon = name.find(':'); colon != std::string_view::npos) {
    only = find_check(name.substr(0, colon));
    if (only == nullptr) {
      const std::string hint = nearest_check(name.substr(0, colon));
      return "found no check " + quoted(name.substr(0, colon)) + (hint.empty() ? "" : "; " + hint);
    }
    name.remove_prefix(colon + 1);
  }
  bool known = false;
  for (const Check& check : checks()) {
    if (only != nullptr && &check != only) continue;
    const CheckParameter* parameter = parameter_of(check, name);
    if (parameter == nullptr) continue;
    known = true;
    if (const std::string_view expected = expected_instead(parameter->kind, value); !expected.empty())
      return "found " + quoted(value) + " for the parameter " + std::string(name) + ", expected " +
             std::string(expected);
    set(check, name, std::string(value));
  }
  return known ? std::nullopt : std::optional(unknown_parameter(name));
}

void Parameters::set(const Check& check, std::string_view name, std::string value) {
  values_[{std::string(check.id), std::string(name)}] = std::move(value);
}

std::string Parameters::text(const Check& check, std::string_view name) const {
  const auto found = values_.find(std::pair{std::string(check.id), std::string(name)});
  if (found != values_.end()) return found->second;
  const CheckParameter* parameter = parameter_of(check, name);
  return parameter == nullptr ? std::string{} : std::string(parameter->standard);
}

std::vector<PortRange> Parameters::ports(const Check& check, std::string_view name) const {
  return read_ranges(text(check, name)).value_or(std::vector<PortRange>{});
}

std::uint32_t Parameters::number(const Check& check, std::string_view name) const {
  return parse_number(text(check, name)).value_or(0);
}

std::string Parameters::word(const Check& check, std::string_view name) const {
  return capitals(text(check, name));
}

}  // namespace vpcwall
