#include "daemon/change/policy_history.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "daemon/change/digest.h"
#include "daemon/change/durable_file.h"
#include "daemon/text_file.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_index_bytes = std::size_t{4} << 20U;

nlohmann::ordered_json to_json(const PastPolicy& past) {
  return {{"number", past.number}, {"time", past.time}, {"how", past.how},         {"by", past.by},
          {"user", past.user},     {"uid", past.uid},   {"process", past.process}, {"digest", past.digest}};
}

PastPolicy read_past(const nlohmann::json& json) {
  PastPolicy past;
  json.at("number").get_to(past.number);
  json.at("time").get_to(past.time);
  json.at("how").get_to(past.how);
  json.at("by").get_to(past.by);
  json.at("user").get_to(past.user);
  json.at("uid").get_to(past.uid);
  json.at("process").get_to(past.process);
  json.at("digest").get_to(past.digest);
  return past;
}

// The number that a file's name says, or 0.
std::uint64_t number_of(const fs::path& file) {
  const std::string stem = file.stem().string();
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
  return error == std::errc() && end == stem.data() + stem.size() ? number : 0;
}

}  // namespace

PolicyHistory::PolicyHistory(fs::path directory, std::size_t most)
    : directory_(std::move(directory)), most_(most) {
  fs::create_directories(directory_ / "policies");
  read_index();
  for (const fs::directory_entry& file : fs::directory_iterator(directory_ / "policies"))
    next_number_ = std::max(next_number_, number_of(file.path()) + 1);
}

std::string PolicyHistory::file_of(std::uint64_t number) const {
  return (directory_ / "policies" / (std::to_string(number) + ".yaml")).string();
}

void PolicyHistory::read_index() {
  const fs::path index = directory_ / "history.json";
  if (!fs::exists(index)) return;
  try {
    const auto text = read_text_file(index.string(), most_index_bytes);
    if (!text) throw std::runtime_error(text.error().message);
    const nlohmann::json index_text = nlohmann::json::parse(*text);
    std::vector<PastPolicy> entries;
    for (const nlohmann::json& one : index_text.at("policies")) entries.push_back(read_past(one));
    entries_ = std::move(entries);
  } catch (const std::exception& error) {
    fs::rename(index, index.string() + ".damaged");
    warning_ = "the history of policies was unreadable and begins anew; what was there is " + index.string() +
               ".damaged (" + error.what() + ")";
  }
}

void PolicyHistory::write_index() const {
  nlohmann::ordered_json json{{"schema", "vpcwall/history/1"}, {"policies", nlohmann::ordered_json::array()}};
  for (const PastPolicy& past : entries_) json["policies"].push_back(to_json(past));
  replace_file((directory_ / "history.json").string(), json.dump(1) + '\n');
}

const PastPolicy& PolicyHistory::keep(std::string_view text, const std::string& how, const Asker& asker) {
  const std::string digest = digest_of(text);
  if (!entries_.empty() && entries_.back().digest == digest) return entries_.back();
  const std::uint64_t number = next_number_;
  replace_file(file_of(number), text);
  ++next_number_;
  entries_.push_back(
      {number, std::time(nullptr), how, asker.by, user_name(asker.user), asker.user, asker.process, digest});
  std::vector<std::uint64_t> forgotten;
  while (entries_.size() > most_) {
    forgotten.push_back(entries_.front().number);
    entries_.erase(entries_.begin());
  }
  write_index();
  for (const std::uint64_t one : forgotten) {
    std::error_code ignored;  // a file too many hurts nobody
    fs::remove(file_of(one), ignored);
  }
  return entries_.back();
}

std::string PolicyHistory::text(std::uint64_t number) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [number](const PastPolicy& past) { return past.number == number; });
  if (found == entries_.end())
    throw std::runtime_error("found no policy with number " + std::to_string(number) +
                             "; `vpcwall history` lists those there are");
  auto text = read_text_file(file_of(number), max_policy_bytes);
  if (!text) throw std::runtime_error(text.error().message);
  if (digest_of(*text) != found->digest)
    throw std::runtime_error(file_of(number) +
                             " is not the text that was in force: its digest is another one");
  return std::move(*text);
}

}  // namespace vpcwall
