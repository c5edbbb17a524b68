using Xunit;

namespace Repository.Tests;

public class ArrowTests
{
    [Fact]
    public void Placeholder() => Assert.True(true);
}
