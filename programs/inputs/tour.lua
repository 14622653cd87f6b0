-- A tour of Lua: its numbers, strings, tables, closures and files. An optional
-- argument is a file whose lines are counted.

-- Numbers: an eight queens count, and a sum in floating point.
local function queens(n, row, columns, rising, falling)
    if row == n then return 1 end
    local found = 0
    for column = 0, n - 1 do
        local up, down = row + column, row - column + n
        if not (columns[column] or rising[up] or falling[down]) then
            columns[column], rising[up], falling[down] = true, true, true
            found = found + queens(n, row + 1, columns, rising, falling)
            columns[column], rising[up], falling[down] = nil, nil, nil
        end
    end
    return found
end
print("queens", queens(6, 0, {}, {}, {}), queens(7, 0, {}, {}, {}), queens(8, 0, {}, {}, {}))
local sum = 0.0
for i = 1, 20000 do sum = sum + 1 / (i * i) end
print(string.format("basel %.9f %a", sum, 0.15625))
print("integers", 7 // -2, 7 % -2, 1 << 40, ~0, math.maxinteger + 1 == math.mininteger, 3 | 4)

-- Tables: a sieve, sorting by a function, a weak table that is collected.
local sieve, primes = {}, {}
for i = 2, 20000 do
    if not sieve[i] then
        primes[#primes + 1] = i
        for j = i * i, 20000, i do sieve[j] = true end
    end
end
print("primes", #primes, primes[#primes])
table.sort(primes, function(a, b) return a * 7919 % 10007 < b * 7919 % 10007 end)
print("shuffled", table.concat(primes, " ", 1, 6))
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 1000 do weak[i] = { i } end
collectgarbage()
print("collected", next(weak) == nil)

-- Metatables: vectors that add and compare.
local vector = {}
vector.__index = vector
vector.__add = function(a, b) return setmetatable({ a[1] + b[1], a[2] + b[2] }, vector) end
vector.__eq = function(a, b) return a[1] == b[1] and a[2] == b[2] end
vector.__tostring = function(a) return "<" .. a[1] .. "," .. a[2] .. ">" end
local function v(x, y) return setmetatable({ x, y }, vector) end
print("vectors", tostring(v(1, 2) + v(3, 4)), v(1, 2) == v(1, 2), v(1, 2) == v(2, 1))

-- Closures: permutations handed to a function that remembers. (A coroutine yields by a long
-- jump, which this Lua has not.)
local function permute(items, n, visit)
    if n == 0 then
        visit(table.concat(items))
    else
        for i = 1, n do
            items[i], items[n] = items[n], items[i]
            permute(items, n - 1, visit)
            items[i], items[n] = items[n], items[i]
        end
    end
end
local count, last = 0, ""
permute({ "f", "r", "o", "g", "s", "!" }, 6, function(word)
    count = count + 1
    if word > last then last = word end
end)
print("permutations", count, last)

-- Strings: patterns, substitution, packing.
local text = string.rep("the wood frog thaws in spring; ", 200)
local words = {}
for word in text:gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
print("words", words.frog, words.spring, (text:gsub("%s*thaws", "")):sub(1, 30))
local hash = 5381
for i = 1, #text do hash = (hash * 33 ~ text:byte(i)) & 0xffffffff end
print("hash", hash, ("%q"):format("a\nb\0"))
print("packed", ("%02x"):rep(10, " "):format(string.pack("<i4>i2s2", -2, 258, "hi"):byte(1, -1)))
print("utf8", utf8.len("frøg ❄"), utf8.char(0x2744), #utf8.char(0x1F438))

-- Files: lines of one, and one of its own.
local path = arg[1]
if path then
    local lines, bytes = 0, 0
    for line in io.lines(path) do lines, bytes = lines + 1, bytes + #line end
    print("file", lines, bytes)
    local copy = path .. ".head"
    local out = assert(io.open(copy, "wb"))
    for i = 1, 100 do out:write(i, "\t", i * i, "\n") end
    out:close()
    local back = assert(io.open(copy, "rb"))
    back:seek("set", 100)
    print("seek", back:read("l"), back:read("n"), back:seek("end"))
    back:close()
    print("removed", os.remove(copy), io.open(copy) == nil)
end
