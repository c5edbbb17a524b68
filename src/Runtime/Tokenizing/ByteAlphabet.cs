namespace Amalgam.Runtime.Tokenizing;

/// <summary>
/// The one-to-one map between bytes and printable characters in which byte-pair vocabularies are written (from GPT-2): printable Latin-1
/// characters stand for themselves, the other 68 bytes for U+0100 and on.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Build();
    private static readonly Dictionary<char, byte> Bytes = Characters.Select((c, index) => (c, index)).ToDictionary(pair => pair.c, pair => (byte)pair.index);

    public static char Of(byte value) => Characters[value];

    public static bool TryByte(char character, out byte value) => Bytes.TryGetValue(character, out value);

    private static char[] Build()
    {
        var characters = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++)
        {
            characters[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : (char)next++;
        }

        return characters;
    }
}
