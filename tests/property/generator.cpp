#include "property/generator.h"

#include <array>

#include "property/policy_builder.h"

namespace vpcwall::property {
namespace {

Descriptor random_descriptor(Kind kind, std::mt19937_64& random) {
  Descriptor descriptor{kind, {}};
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < Descriptor::size; ++i, bits >>= 8U) {
    if (i % 8 == 0) bits = random();
    descriptor.numbers.at(i) = static_cast<std::uint8_t>(bits);
  }
  return descriptor;
}

void add(Descriptors& run, Kind kind, std::uint64_t count, std::mt19937_64& random) {
  for (std::uint64_t i = 0; i < count; ++i) run.push_back(random_descriptor(kind, random));
}

// A policy in which much gets through, so that there is something to remember.
void add_policy(Descriptors& run, std::mt19937_64& random) {
  const bool limited = random() % 4 == 0;
  add(run, Kind::setting, random() % 8, random);
  for (Descriptor& setting : run) {
    // Small tables and other families change everything: not in every run.
    const auto what = static_cast<Setting>(setting.numbers.front() % setting_count);
    const bool rare =
        what == Setting::families || what == Setting::subnet_families || what == Setting::flow_limit;
    if (rare && !limited) setting.numbers.front() = static_cast<std::uint8_t>(Setting::group_base);
  }
  if (limited) {
    add(run, Kind::setting, 1, random);
    run.back().numbers = {static_cast<std::uint8_t>(Setting::flow_limit), 0,
                          static_cast<std::uint8_t>(random() % 5)};
  }
  add(run, Kind::interface, 1 + random() % 5, random);
  add(run, Kind::rule, 4 + random() % 24, random);
  add(run, Kind::entry, random() % 10, random);
  add(run, Kind::list_entry, random() % 8, random);
}

Kind random_step(std::mt19937_64& random) {
  constexpr std::array<Kind, 32> kinds{
      Kind::packet,    Kind::packet,       Kind::packet,       Kind::packet,       Kind::packet,
      Kind::packet,    Kind::conversation, Kind::conversation, Kind::conversation, Kind::conversation,
      Kind::follow_up, Kind::follow_up,    Kind::follow_up,    Kind::follow_up,    Kind::follow_up,
      Kind::follow_up, Kind::follow_up,    Kind::follow_up,    Kind::follow_up,    Kind::follow_up,
      Kind::follow_up, Kind::follow_up,    Kind::icmp_error,   Kind::icmp_error,   Kind::icmp_error,
      Kind::wait,      Kind::reload,       Kind::packet,       Kind::follow_up,    Kind::follow_up,
      Kind::follow_up, Kind::conversation};
  return kinds.at(random() % kinds.size());
}

using rc::Seq;

Seq<Descriptor> smaller_numbers(const Descriptor& descriptor) {
  return rc::seq::mapcat(rc::seq::range(std::size_t{0}, Descriptor::size), [descriptor](std::size_t index) {
    return rc::seq::map(rc::shrink::towards<std::uint8_t>(descriptor.numbers.at(index), 0),
                        [descriptor, index](std::uint8_t number) {
                          Descriptor smaller = descriptor;
                          smaller.numbers.at(index) = number;
                          return smaller;
                        });
  });
}

// An object, not a function: RapidCheck keeps a copy of what it is given, and a function cannot be copied.
struct SmallerRuns {
  Seq<Descriptors> operator()(const Descriptors& run) const {
    return rc::seq::concat(rc::shrink::removeChunks(run), rc::shrink::eachElement(run, smaller_numbers));
  }
};

}  // namespace

Descriptors random_run(std::mt19937_64& random, int size) {
  Descriptors run;
  add_policy(run, random);
  const std::uint64_t steps = 4 + random() % static_cast<std::uint64_t>(1 + 3 * size);
  for (std::uint64_t i = 0; i < steps; ++i) run.push_back(random_descriptor(random_step(random), random));
  return run;
}

rc::Gen<Descriptors> any_run() {
  return [](const rc::Random& random, int size) {
    std::mt19937_64 numbers(rc::Random(random).next());
    return rc::shrinkable::shrinkRecur(random_run(numbers, size), SmallerRuns{});
  };
}

Descriptors smallest(const Descriptors& failing, const std::function<bool(const Descriptors&)>& fails,
                     std::size_t attempts) {
  auto best = rc::shrinkable::shrinkRecur(Descriptors(failing), SmallerRuns{});
  auto candidates = best.shrinks();
  while (attempts-- > 0) {
    const auto candidate = candidates.next();
    if (!candidate) break;
    if (!fails(candidate->value())) continue;
    best = *candidate;
    candidates = best.shrinks();
  }
  return best.value();
}

}  // namespace vpcwall::property
