package itglue

import "context"

// OrganizationsInPagesOf is [Organizations] with a page size and a bound of a
// page's bytes that let a test do with little.
func OrganizationsInPagesOf(ctx context.Context, cfg Config, pageSize int, maxBody int64) (List, error) {
	c, err := newClient(cfg)
	if err != nil {
		return List{}, err
	}
	c.pageSize, c.maxBody = pageSize, maxBody
	return c.list(ctx, cfg)
}
