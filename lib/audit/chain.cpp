#include "audit/chain.h"

#include "audit/entry.h"
#include "audit/sha256.h"
#include "text/escape.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

bool has_number(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned();
}

bool has_text(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string();
}

}  // namespace

std::string append(ChainHead& head, const ordered_json& content) {
  ordered_json entry{{"entry", head.entry + 1}, {"previous", head.digest}};
  entry.update(capped(content));
  std::string line = escaped(entry.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  ++head.entry;
  head.digest = sha256_of(line);
  return line + '\n';
}

std::optional<ChainLink> link_of(std::string_view line) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object() || !has_number(object, "entry") || !has_text(object, "previous"))
    return std::nullopt;
  return ChainLink{object.at("entry").get<std::uint64_t>(), object.at("previous").get<std::string>()};
}

std::string to_text(const ChainHead& head) {
  return ordered_json{{"first", head.first}, {"entry", head.entry}, {"digest", head.digest}}.dump() + '\n';
}

std::optional<ChainHead> head_of(std::string_view text) {
  const nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object() || !has_number(object, "first") || !has_number(object, "entry") ||
      !has_text(object, "digest"))
    return std::nullopt;
  return ChainHead{object.at("entry").get<std::uint64_t>(), object.at("digest").get<std::string>(),
                   object.at("first").get<std::uint64_t>()};
}

}  // namespace vpcwall
