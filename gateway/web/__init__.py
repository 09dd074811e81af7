"""The pages for patrons: accepting a library's loan rules on one's own phone, and seeing one's libraries."""
