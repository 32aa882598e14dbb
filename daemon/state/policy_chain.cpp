#include "daemon/state/policy_chain.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "daemon/change/digest.h"
#include "daemon/change/durable_file.h"
#include "daemon/text_file.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

constexpr std::string_view prefix = "in-force-";
constexpr std::size_t most_heading = 1024;

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

std::string content_of(std::uint64_t number, std::uint64_t before, std::string_view text) {
  return std::to_string(number) + ' ' + std::to_string(before) + '\n' + std::string(text);
}

struct Link {
  std::uint64_t before = 0;
  std::string text;
};

// "sha256:…\nNUMBER BEFORE\nTEXT"
Expected<Link, std::string> read_link(const std::string& path, std::uint64_t number) {
  const auto file = read_text_file(path, max_policy_bytes + most_heading);
  if (!file) return Unexpected{file.error().message};
  const std::string_view whole = *file;
  const std::size_t digest_end = whole.find('\n');
  if (digest_end == std::string_view::npos ||
      digest_of(whole.substr(digest_end + 1)) != whole.substr(0, digest_end))
    return Unexpected{path + ": its content is not what its digest says"};
  const std::string_view content = whole.substr(digest_end + 1);
  const std::size_t heading_end = content.find('\n'), space = content.find(' ');
  if (heading_end == std::string_view::npos || space > heading_end ||
      number_in(content.substr(0, space)) != number)
    return Unexpected{path + ": it is not the policy that its name says"};
  return Link{number_in(content.substr(space + 1, heading_end - space - 1)),
              std::string(content.substr(heading_end + 1))};
}

}  // namespace

PolicyChain::PolicyChain(std::string directory) : directory_(std::move(directory)) {
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    const std::string name = entry.path().filename().string();
    const std::uint64_t number = name.starts_with(prefix) ? number_in(name.substr(prefix.size())) : 0;
    std::error_code ignored;  // what cannot be read is found by read()
    const std::uintmax_t size = entry.file_size(ignored);
    if (number != 0) sizes_.emplace(number, ignored ? 0 : static_cast<std::size_t>(size));
  }
  if (!sizes_.empty()) skip_to(last());
}

std::string PolicyChain::path_of(std::uint64_t number) const {
  return directory_ + '/' + std::string(prefix) + std::to_string(number);
}

void PolicyChain::skip_to(std::uint64_t number) noexcept { next_ = std::max(next_, number + 1); }

std::uint64_t PolicyChain::append(std::string_view text) {
  std::size_t bytes = text.size();
  for (const auto& [number, size] : sizes_) bytes += size;
  if (sizes_.size() >= most_policies || bytes > most_bytes)
    throw std::runtime_error("more than " + std::to_string(most_policies) + " policies, or " +
                             std::to_string(most_bytes) +
                             " bytes of them, were in force since the last copy of the flows");
  const std::uint64_t number = next_;
  const std::string content = content_of(number, last(), text);
  DurableFile file(path_of(number));
  file.write({digest_of(content), "\n", content});
  file.commit();
  ++next_;
  sizes_.emplace(number, content.size());
  return number;
}

void PolicyChain::remove(std::uint64_t number) noexcept {
  std::error_code ignored;  // a file too many makes the next process stricter, never less so
  std::filesystem::remove(path_of(number), ignored);
}

void PolicyChain::withdraw(std::uint64_t number) noexcept {
  if (number != last()) return;
  remove(number);
  sizes_.erase(number);
}

void PolicyChain::drop_before(std::uint64_t number) noexcept {
  while (!sizes_.empty() && sizes_.begin()->first < number) {
    remove(sizes_.begin()->first);
    sizes_.erase(sizes_.begin());
  }
}

Expected<std::vector<std::string>, std::string> PolicyChain::read(std::uint64_t from,
                                                                  std::uint64_t last_known) const {
  std::vector<std::string> texts;
  std::uint64_t before = 0;
  for (auto one = sizes_.lower_bound(from); one != sizes_.end(); ++one) {
    auto link = read_link(path_of(one->first), one->first);
    if (!link) return Unexpected{std::move(link.error())};
    const bool follows = texts.empty() ? one->first == from : link->before == before;
    if (!follows) return Unexpected{path_of(one->first) + ": a policy before it is missing"};
    before = one->first;
    texts.push_back(std::move(link->text));
  }
  if (before < last_known) return Unexpected{path_of(last_known) + ": it is missing"};
  return texts;
}

}  // namespace vpcwall
