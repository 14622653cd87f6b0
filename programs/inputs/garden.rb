# A walk through Ruby: integers of any size, collections, blocks, fibers, patterns, files.
Plant = Struct.new(:name, :height, :month) do
  include Comparable
  def <=>(other) = height <=> other.height
end

puts (1..60).inject(:*), 3**100 % 1_000_000_007, 2**64 - 1
collatz = ->(n) { steps = 0; (n = n.even? ? n / 2 : 3 * n + 1; steps += 1) while n > 1; steps }
longest = (1..1500).max_by(&collatz)
puts "longest #{longest} with #{collatz.(longest)}"

plants = %w[fern moss reed sedge iris rush].each_with_index.map { |n, i| Plant.new(n, i * 37 % 11, i % 3) }
puts plants.max.name, plants.sort.map(&:name).join(","), plants.group_by(&:month).transform_values(&:size)
puts plants.sum(&:height), plants.partition { |p| p.height.odd? }.map { |half| half.map(&:name) }.inspect

primes = Enumerator.new { |out| n = 2; loop { out << n if (2..Integer.sqrt(n)).none? { |d| (n % d).zero? }; n += 1 } }
puts primes.lazy.select { |p| p % 10 == 7 }.map { |p| p * p }.first(6).inspect
pair = Fiber.new { a, b = 0, 1; loop { Fiber.yield a; a, b = b, a + b } }
puts Array.new(12) { pair.resume }.inspect

begin
  Integer("frog")
rescue ArgumentError => error
  puts "refused: #{error.message}"
ensure
  puts "and goes on"
end
puts catch(:found) { 1.step { |i| 1.step(i) { |j| throw :found, [i, j] if i * j == 391 && j > 1 } } }.inspect

text = "In winter the wood frog freezes; in spring it thaws. " * 40
puts text.scan(/\b[a-z]{5}\b/).tally.sort_by { |w, n| [-n, w] }.inspect
puts text.sub(/(?<who>wood frog) (?<what>\w+)/) { "#{$~[:what]} #{$~[:who]}".upcase }[0, 40]
puts text.unpack("C*").each_slice(7).map(&:sum).reduce { |h, n| (h * 31 + n) & 0xffffffff }
printf("%08.3f|%+d|%x|%-6s|%s\n", Math.sqrt(2), 42, 255, "ab", 1.0 / 3)
puts "é❄🐸".then { |s| [s.length, s.bytesize, s.reverse, s.encode("UTF-16LE").bytes.sum] }.inspect

case { name: "newt", legs: [1, 2, 3, 4] }
in { name: String => name, legs: [first, *, last] } then puts "#{name} #{first}..#{last}"
end
class Gardener < BasicObject
  def method_missing(name, *args) = "#{name} by #{args.sum}"
end
puts Gardener.new.grow(1, 2, 3), Comparable.instance_methods.sort.first(3).inspect

if (path = ARGV[0])
  lines = File.readlines(path, chomp: true)
  puts lines.size, lines.map(&:length).max, File.size(path), File.basename(path, ".txt")
  copy = "#{path}.rev"
  File.write(copy, lines.first(50).reverse.join("\n"))
  puts File.open(copy) { |f| f.seek(10); f.read(20) }.inspect, File.delete(copy), File.exist?(copy)
end
