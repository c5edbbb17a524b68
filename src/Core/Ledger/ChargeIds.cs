using System.Buffers;
using System.Globalization;

namespace Amalgam.Core.Ledger;

/// <summary>Ids of all charges ever made. They are kept for ever, so the usual form, `chg_` and 32 hexadecimal digits, takes 16 bytes and not 90.</summary>
internal sealed class ChargeIds
{
    private const string Prefix = "chg_";

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly HashSet<UInt128> _numbers = [];
    private readonly HashSet<string> _others = new(StringComparer.Ordinal);

    public bool Add(string id) => Number(id) is { } number ? _numbers.Add(number) : _others.Add(id);

    public bool Contains(string id) => Number(id) is { } number ? _numbers.Contains(number) : _others.Contains(id);

    /// <summary>Only the one way of writing a number counts, so that no two ids are taken for the same.</summary>
    private static UInt128? Number(string id)
    {
        if (id.Length != Prefix.Length + 32 || !id.StartsWith(Prefix, StringComparison.Ordinal) || id.AsSpan(Prefix.Length).IndexOfAnyExcept(Digits) >= 0)
        {
            return null;
        }

        return UInt128.Parse(id.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
