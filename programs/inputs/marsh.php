<?php
// A marsh in PHP: arrays, strings, sorting, closures, objects and regular expressions.

final class Frog implements JsonSerializable
{
    private array $leaps = [];

    public function __construct(public readonly string $name, private int $state)
    {
    }

    public function leap(): void
    {
        // A generator whose numbers fit in 32 bits.
        $this->state = ($this->state * 75 + 74) % 65537;
        $this->leaps[] = $this->state % 100;
    }

    public function farthest(): int
    {
        return max($this->leaps);
    }

    public function jsonSerialize(): array
    {
        return [
            'name' => $this->name,
            'sum' => array_sum($this->leaps),
            'first' => array_slice($this->leaps, 0, 5),
        ];
    }
}

$frogs = array_map(fn($name, $seed) => new Frog($name, $seed), ['rana', 'hyla', 'bufo'], [1, 20, 300]);
foreach ($frogs as $frog) {
    for ($turn = 0; $turn < 20000; $turn++) {
        $frog->leap();
    }
}
usort($frogs, fn($one, $other) => $one->jsonSerialize()['sum'] <=> $other->jsonSerialize()['sum']);
echo json_encode($frogs), "\n";

$words = preg_split('/\s+/', file_get_contents('/w/text.txt'), -1, PREG_SPLIT_NO_EMPTY);
$counts = array_count_values(array_filter($words, fn($word) => !ctype_digit($word)));
ksort($counts);
arsort($counts);
foreach (array_slice($counts, 0, 5, true) as $word => $count) {
    printf("%-8s %6d\n", $word, $count);
}
echo md5(implode(' ', $words)), ' ', strrev(strtoupper($words[0])), "\n";
try {
    echo intdiv(1, 0);
} catch (DivisionByZeroError $error) {
    echo get_class($error), ': ', $error->getMessage(), "\n";
}
