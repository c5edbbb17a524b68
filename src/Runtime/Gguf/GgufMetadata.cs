namespace Amalgam.Runtime.Gguf;

/// <summary>
/// The key/value part of a file. Integers are held as <see cref="long"/>, reals as <see cref="double"/>, arrays in their own element type.
/// A key of the wrong type is an error of the file, so the getters throw <see cref="ModelFormatException"/>.
/// </summary>
public sealed class GgufMetadata
{
    private readonly Dictionary<string, object> values;
    private readonly string path;

    internal GgufMetadata(Dictionary<string, object> values, string path)
    {
        this.values = values;
        this.path = path;
    }

    public int Count => values.Count;

    public IEnumerable<string> Keys => values.Keys;

    public bool Contains(string key) => values.ContainsKey(key);

    public string? StringOrNull(string key) => Find<string>(key, "a text");

    public string RequiredString(string key) => StringOrNull(key) ?? throw Missing(key);

    public long? IntegerOrNull(string key) => values.TryGetValue(key, out var value)
        ? value as long? ?? throw WrongType(key, "a whole number")
        : null;

    /// <summary>A whole number that must lie between the limits; <paramref name="otherwise"/> when the key is absent (null: it must be there).</summary>
    public int Integer(string key, int? otherwise = null, int least = 0, int most = int.MaxValue)
    {
        var value = IntegerOrNull(key) ?? otherwise ?? throw Missing(key);
        return value >= least && value <= most
            ? (int)value
            : throw new ModelFormatException($"{path} is not usable: metadata '{key}' is {value}, outside {least} to {most}.");
    }

    /// <summary>A finite real number (a whole number is taken too); <paramref name="otherwise"/> when the key is absent (null: it must be there).</summary>
    public double Real(string key, double? otherwise = null)
    {
        if (!values.TryGetValue(key, out var value))
        {
            return otherwise ?? throw Missing(key);
        }

        var real = value switch { double d => d, long l => l, _ => throw WrongType(key, "a number") };
        return double.IsFinite(real) ? real : throw new ModelFormatException($"{path} is not usable: metadata '{key}' is not a finite number.");
    }

    public bool Flag(string key, bool otherwise) => values.TryGetValue(key, out var value)
        ? value as bool? ?? throw WrongType(key, "true or false")
        : otherwise;

    public string[]? StringsOrNull(string key) => Find<string[]>(key, "a list of texts");

    public float[]? RealsOrNull(string key) => Find<float[]>(key, "a list of numbers");

    /// <summary>A list of whole numbers that fit 32 bits, of whatever width they were written in.</summary>
    public int[]? IntegersOrNull(string key) => !values.TryGetValue(key, out var value) ? null : value switch
    {
        int[] list => list,
        uint[] list => Array.ConvertAll(list, item => item <= int.MaxValue ? (int)item : throw WrongType(key, "a list of 32-bit numbers")),
        short[] list => Array.ConvertAll(list, item => (int)item),
        ushort[] list => Array.ConvertAll(list, item => (int)item),
        sbyte[] list => Array.ConvertAll(list, item => (int)item),
        byte[] list => Array.ConvertAll(list, item => (int)item),
        _ => throw WrongType(key, "a list of 32-bit numbers"),
    };

    private T? Find<T>(string key, string wanted)
        where T : class
        => values.TryGetValue(key, out var value) ? value as T ?? throw WrongType(key, wanted) : null;

    private ModelFormatException Missing(string key) => new($"{path} is not usable: metadata '{key}' is missing; convert the model again with a current tool.");

    private ModelFormatException WrongType(string key, string wanted) => new($"{path} is not usable: metadata '{key}' should be {wanted}.");
}
