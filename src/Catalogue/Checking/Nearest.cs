namespace Amalgam.Catalogue.Checking;

/// <summary>The known word that is nearest to a mistyped one.</summary>
public static class Nearest
{
    /// <summary>The candidate with the smallest edit distance, or null when none is near enough to be worth suggesting.</summary>
    public static string? To(string word, IEnumerable<string> candidates)
    {
        string? best = null;
        // Half the word may differ: `memoryGB` should still lead to `memoryMiB`, `xyz` to nothing.
        var bestDistance = Math.Max(2, word.Length / 2) + 1;
        foreach (var candidate in candidates)
        {
            var distance = Distance(word.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }
        return best;
    }

    /// <summary>`; did you mean "x"?` or nothing.</summary>
    public static string Hint(string word, IEnumerable<string> candidates) =>
        To(word, candidates) is { } near ? $"; did you mean \"{near}\"?" : "";

    /// <summary>Levenshtein distance with one row of memory (Wagner and Fischer, 1974).</summary>
    private static int Distance(string left, string right)
    {
        var row = new int[right.Length + 1];
        for (var column = 0; column <= right.Length; column++)
        {
            row[column] = column;
        }
        for (var line = 1; line <= left.Length; line++)
        {
            var diagonal = row[0];
            row[0] = line;
            for (var column = 1; column <= right.Length; column++)
            {
                var substituted = diagonal + (left[line - 1] == right[column - 1] ? 0 : 1);
                diagonal = row[column];
                row[column] = Math.Min(substituted, Math.Min(row[column], row[column - 1]) + 1);
            }
        }
        return row[right.Length];
    }
}
