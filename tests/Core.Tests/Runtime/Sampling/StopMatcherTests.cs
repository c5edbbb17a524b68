using Amalgam.Runtime.Sampling;
using CsCheck;
using Xunit;

namespace Core.Tests.Runtime.Sampling;

public sealed class StopMatcherTests
{
    [Fact]
    public void What_could_become_a_stop_text_is_held_back_and_given_out_when_it_does_not()
    {
        var matcher = new StopMatcher(["stop"]);
        Assert.Equal(["a ", "", "sto", "", ""], [matcher.Push("a s"), matcher.Push("to"), matcher.Push("s"), matcher.Push("top"), matcher.Push("more")]);
        Assert.True(matcher.Stopped);
    }

    [Fact]
    public void However_a_text_is_cut_the_same_part_is_shown() =>
        (from text in Gen.Char["ab"].Array[0, 12]
         from stop in Gen.Char["ab"].Array[1, 4]
         from cuts in Gen.Bool.Array[12]
         select (Text: new string(text), Stop: new string(stop), Cuts: cuts)).Sample(one =>
        {
            var matcher = new StopMatcher([one.Stop]);
            var (shown, part) = ("", "");
            for (var i = 0; i < one.Text.Length; i++)
            {
                part += one.Text[i];
                if (one.Cuts[i])
                {
                    shown += matcher.Push(part);
                    part = "";
                }
            }

            shown += matcher.Push(part) + (matcher.Stopped ? "" : matcher.Flush());
            var end = one.Text.IndexOf(one.Stop, StringComparison.Ordinal);
            Assert.Equal(end < 0 ? one.Text : one.Text[..end], shown);
        });
}
